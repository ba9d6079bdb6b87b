/** Later keysets and directories, published as the host does it. */
import { connect } from '../../src/database/connect.ts'
import { createAdministration } from '../../src/directory/administration.ts'
import { createPublication } from '../../src/directory/publication.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { type Keyset, type MatchingEpoch, signKeyset } from '../../src/protocol/trust/keyset.ts'
import type { Built } from './build.ts'

/** As much of a deployment as publishing takes. */
export type Host = Pick<Built, 'world'> & {
  readonly databases: { readonly ownerUrl: string }
}

/** What a header says of a keyset, and the keyset itself: what sealing takes. */
export function keysetReference(keyset: Keyset) {
  return { keyset, sha256: encodeBase64url(sha256(canonicalBytes(keyset))) }
}

/** The administrator's services, for the length of `act`. */
export async function onHost<Result>(
  { databases }: Pick<Host, 'databases'>,
  act: (
    host: ReturnType<typeof createAdministration> & ReturnType<typeof createPublication>,
  ) => Promise<Result>,
): Promise<Result> {
  const database = connect({ url: databases.ownerUrl, connectionsMax: 1, prepare: true })
  try {
    return await act({
      ...createAdministration(database),
      ...createPublication(database),
    })
  } finally {
    await database.close()
  }
}

/** Publishes `next` as the version after the newest; answers it as it was published. */
export function publishKeyset(host: Host, next: Keyset): Promise<Keyset> {
  const { world } = host
  return onHost(host, async (administrator) => {
    const newest = await administrator.newestKeyset()
    const keyset: Keyset = {
      ...next,
      version: newest!.payload.version + 1,
      previous: newest!.sha256,
      issuedAt: new Date().toISOString(),
    }
    await administrator.publishKeyset(signKeyset(keyset, world.roots[0]), world.trust)
    return keyset
  })
}

/**
 * Publishes the keyset of the ceremony with these epochs of match keys: one that the newest lists as
 * it is, a new one under a new key.
 */
export async function publishEpochs(host: Host, ...epochs: readonly number[]): Promise<Keyset> {
  const newest = await onHost(host, (administrator) => administrator.newestKeyset())
  const known = [...host.world.keyset.matching, ...newest!.payload.matching]
  const matching = epochs.map((epoch): MatchingEpoch => {
    const listed = known.find((it) => it.epoch === epoch)
    if (listed) return listed
    const publicKey = encodeBase64url(generateMatchingKey().publicKey)
    return {
      ...{ epoch, suite: 'ristretto255-SHA512', mode: 'VOPRF', recipe: 'match-keys/2' },
      ...{ holders: [publicKey], publicKey, types: [...matchKeyTypes] },
      argon2id: { passes: 1, memoryKiB: 8 },
    }
  })
  return publishKeyset(host, { ...host.world.keyset, matching })
}
