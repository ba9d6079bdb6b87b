/** Act 17: somebody leaves, and the key that they had opens nothing any more, wherever it was copied to. */
import { createReader, type Draft, type Reader, ServiceProblem } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { createAdministration } from '../../src/directory/administration.ts'
import { createPublication } from '../../src/directory/publication.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import type { KeyFile } from '../../src/protocol/keyfile.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { type Keyset, signKeyset } from '../../src/protocol/trust/keyset.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

const draft: Draft = {
  channel: 'legal_representative',
  region: 'unknown',
  referral: {
    identity: { givenNames: 'Amina', familyName: 'Sesay' },
    narrative: { story: 'Ill.' },
  },
}

/**
 * The clinic's key is followed by another; what it opened is passed on, and what comes then is not for it.
 *
 * @returns the client of the key that follows
 */
export async function leaver(stage: Stage): Promise<string> {
  act(17, 'Somebody leaves, and the key they had is followed by another')
  const { url, world } = stage
  const refer = async () => {
    const lawFirm = stage.referrer('lawFirm')
    const envelope = await lawFirm.seal(draft)
    await lawFirm.submit(envelope)
    return envelope
  }
  const { referralId: before } = (await refer()).header
  const leaving = stage.reader('clinic')
  const keys = { signing: generateSigningKey(), receiving: generateRecipientKey() }
  const { clientId, version } = await publishFollower(stage, leaving.kid, keys)
  show('a root key signs', `keyset ${version}, in which the clinic has another key`)
  const token = () => world.token(clientId)
  const following = createReader({ url, trust: world.trust, recipient: keys, token })
  show('the new key gets', await outcome(following, before))

  const { given, left, revoked } = await leaving.rotate({ to: following.kid, revoke: true })
  show('the old passes on', `${given} referrals, ${left} left, and gives up ${revoked} wraps`)
  const passed = await outcome(following, before)
  show('the new key gets', passed)
  const { header, wraps } = await refer()
  const sealedNow = await outcome(following, header.referralId)
  show('of a referral of now', sealedNow)

  const refused = [await outcome(leaving, before), await outcome(leaving, header.referralId)]
  show('the leaver’s key', `of before: ${refused[0]}; of now: ${refused[1]}`)
  const own = wraps.filter(({ kid }) => kid === leaving.kid)
  show('and in the database', `${own.length} of the ${wraps.length} wraps of now are for that key`)
  if (passed !== sealedNow || !passed.startsWith('5 ')) throw new Error('the new key opens less')
  if (refused.some((what) => what !== '404 not-found') || own.length + left > 0) {
    throw new Error('who left opens something')
  }
  return clientId
}

/** What comes of opening a referral. */
async function outcome(reader: Reader, referralId: string): Promise<string> {
  try {
    const opened = await reader.open(await reader.fetch(referralId))
    return opened.opened ? `${Object.keys(opened.compartments).length} compartments` : opened.step
  } catch (error) {
    if (!(error instanceof ServiceProblem)) throw error
    return `${error.problem.status} ${error.problem.code}`
  }
}

/** Records a client for the new key, and publishes the keyset that names it in the place of the old one. */
async function publishFollower(
  { ownerUrl, world }: Stage,
  old: string,
  { receiving, signing }: Required<KeyFile>,
) {
  const database = connect({ url: ownerUrl, connectionsMax: 1, prepare: true })
  try {
    const clientId = await createAdministration(database).addClient({
      organisationId: world.referring.telephone.organisationId,
      ...{ label: 'Clinic app, new', kind: 'internal', kids: [receiving.kid] },
      scopes: ['referrals:open'],
    })
    const publication = createPublication(database)
    const newest = await publication.newestKeyset()
    if (!newest) throw new Error('there is no keyset')
    const changed = {
      kid: receiving.kid,
      publicKey: encodeBase64url(receiving.publicKey),
      signingKey: encodeBase64url(signing.publicKey),
    }
    const keyset: Keyset = {
      ...world.keyset,
      version: newest.payload.version + 1,
      previous: newest.sha256,
      issuedAt: new Date().toISOString(),
      recipients: world.keyset.recipients.map((one) =>
        one.kid === old ? { ...one, ...changed } : one,
      ),
    }
    await publication.publishKeyset(signKeyset(keyset, world.roots[0]), world.trust)
    return { clientId, version: keyset.version }
  } finally {
    await database.close()
  }
}
