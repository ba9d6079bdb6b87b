/** Later keysets and directories, published as the host does it. */
import { createAudit } from '../../src/audit/service.ts'
import { connect } from '../../src/database/connect.ts'
import { createAdministration } from '../../src/directory/administration.ts'
import { createPublication } from '../../src/directory/publication.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { type Keyset, signKeyset } from '../../src/protocol/keyset.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import type { Built } from './build.ts'

/** What a header says of a keyset, and the keyset itself: what sealing takes. */
export function keysetReference(keyset: Keyset) {
  return { keyset, sha256: encodeBase64url(sha256(canonicalBytes(keyset))) }
}

/** The administrator's services, for the length of `act`. */
export async function onHost<Result>(
  { databases }: Pick<Built, 'databases'>,
  act: (
    host: ReturnType<typeof createAdministration> & ReturnType<typeof createPublication>,
  ) => Promise<Result>,
): Promise<Result> {
  const database = connect({ url: databases.ownerUrl, connectionsMax: 1, prepare: true })
  const audit = createAudit({ database })
  try {
    return await act({
      ...createAdministration({ database, audit }),
      ...createPublication({ database, audit }),
    })
  } finally {
    await database.close()
  }
}

/** Publishes `next` as the version after the newest; answers it as it was published. */
export function publishKeyset(built: Built, next: Keyset): Promise<Keyset> {
  const { world } = built
  return onHost(built, async (host) => {
    const newest = await host.newestKeyset()
    const keyset: Keyset = {
      ...next,
      version: newest!.payload.version + 1,
      previous: newest!.sha256,
      issuedAt: new Date().toISOString(),
    }
    await host.publishKeyset(signKeyset(keyset, world.roots[0]), world.trust)
    return keyset
  })
}
