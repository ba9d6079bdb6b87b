/** Readers whom only the directory names, and whose clients may open and nothing else. */
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import type { KeyFile } from '../../src/protocol/keyfile.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { type Grantee, signDirectory } from '../../src/protocol/trust/directory.ts'
import { type Host, onHost } from './publish.ts'

export type Volunteer = {
  readonly keys: Required<KeyFile>
  readonly grantee: Grantee
  readonly clientId: string
}

/** A volunteer clinician or interpreter, in the directory that is published now, with a client that may open. */
export async function addVolunteer(
  host: Host,
  compartments: Grantee['compartments'],
  { label = 'Volunteer', until }: { label?: string; until?: Date } = {},
): Promise<Volunteer> {
  const keys = { signing: generateSigningKey(), receiving: generateRecipientKey() }
  const grantee: Grantee = {
    ...{ kid: keys.receiving.kid, label, compartments },
    publicKey: encodeBase64url(keys.receiving.publicKey),
    signingKey: encodeBase64url(keys.signing.publicKey),
    ...(until && { until: until.toISOString() }),
  }
  await publishGrantees(host, (grantees) => [...grantees, grantee])
  const clientId = await onHost(host, (administrator) =>
    administrator.addClient({
      organisationId: host.world.referring.telephone.organisationId,
      ...{ label, kind: 'internal', scopes: ['referrals:open'] },
      kids: [grantee.kid],
    }),
  )
  return { keys, grantee, clientId }
}

/** Publishes the next directory, with other grantees. */
export async function publishGrantees(
  host: Host,
  change: (grantees: readonly Grantee[]) => Grantee[],
): Promise<void> {
  await onHost(host, async (administrator) => {
    const draft = await administrator.draftDirectory(host.world.origin)
    const directory = { ...draft, grantees: change(draft.grantees) }
    await administrator.publishDirectory(signDirectory(directory, host.world.directoryKey))
  })
}
