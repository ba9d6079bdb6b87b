// Goal: protocol version 1 stays what it is, byte for byte.
// Method: the published file is opened, and sealed again from its listed random bytes, by our code
// and by the second implementation; each release that must fail fails at its step.
import t from 'tap'
import { checkEnvelope, checkSignature, readEnvelope } from '../../src/protocol/check.ts'
import { auditCommitment } from '../../src/protocol/commitment.ts'
import { dammDigit } from '../../src/protocol/damm.ts'
import { acceptDirectory } from '../../src/protocol/directory.ts'
import { grantVerifies } from '../../src/protocol/grant.ts'
import { recipientKeyFrom, signingKeyFrom } from '../../src/protocol/keys.ts'
import { acceptKeyset } from '../../src/protocol/keyset.ts'
import { openReferral } from '../../src/protocol/open.ts'
import { receiptKeys } from '../../src/protocol/receipt.ts'
import type { Released } from '../../src/protocol/released.ts'
import { sealReferral } from '../../src/protocol/seal.ts'
import { openMessage } from '../../src/protocol/thread.ts'
import vectors from '../vectors/sealed-referral-1.json' with { type: 'json' }
import * as second from './second.ts'
import { copy, hex, unhex } from './world.ts'

const { sealing } = vectors
const receivedAt = new Date(vectors.released.receivedAt)
const roots = [vectors.keys.root.publicKey]
const origin = sealing.header.origin
const keyset = acceptKeyset(
  vectors.keyset.jws,
  { origin, rootKeys: roots, minimumVersion: 1 },
  undefined,
  receivedAt,
)
const { directory } = acceptDirectory(vectors.directory.jws, keyset.keyset, undefined, receivedAt)
const released = vectors.released.release as unknown as Released
const casework = recipientKeyFrom(unhex(vectors.keys.casework.seed))
const partner = signingKeyFrom(unhex(vectors.keys.partner.seed))
const input = {
  referralId: sealing.header.referralId,
  reader: casework,
  keysets: new Map([[keyset.sha256, keyset.keyset]]),
  directory,
  receivedAt,
}

/** The listed random bytes, in the order in which they are drawn. */
function listed(): (length: number) => Uint8Array {
  const { keys, nonces, encapsulations } = sealing.random
  const queue = [keys, nonces, encapsulations].flatMap((part) => Object.values(part).map(unhex))
  return (length) => {
    const bytes = queue.shift()
    if (bytes?.length !== length) throw new Error('the random bytes are drawn in another order')
    return bytes
  }
}

t.test('keys, kids and labels', async (t) => {
  t.equal(hex(second.label('kid')), vectors.labels.kid)
  t.equal(hex(second.label('wrap')), vectors.labels.wrap)
  for (const [name, { kid, seed, publicKey }] of Object.entries(vectors.keys)) {
    const receives = second.unb64u(publicKey).length === 1216
    const key = receives ? recipientKeyFrom(unhex(seed)) : signingKeyFrom(unhex(seed))
    t.equal(key.kid, kid, name)
    t.equal(second.b64u(key.publicKey), publicKey)
    const theirs = receives
      ? second.receivingPublicKey(unhex(seed))
      : second.signingPublicKey(unhex(seed))
    t.equal(second.b64u(theirs), publicKey)
    t.equal(second.kidOf(receives ? 'X-Wing' : 'Ed25519', theirs), kid)
  }
  t.equal(keyset.sha256, vectors.keyset.sha256)
})

t.test('ours seals the published envelope', async (t) => {
  const { channel, urgency, region, respondBy, supersedes, replyTo, referralId } = sealing.header
  const envelope = sealReferral(
    {
      ...({ referral: sealing.referral, channel, urgency, region } as never as Parameters<
        typeof sealReferral
      >[0]),
      referralId,
      respondBy,
      supersedes,
      replyTo,
      matching: sealing.matching,
      receipt: sealing.receipt,
      keyset,
      signer: partner,
      now: receivedAt,
    },
    listed(),
  )
  t.strictSame(envelope, sealing.envelope)
})

t.test('the second implementation seals the published envelope', async (t) => {
  const { sealedTo, commitments, ...header } = sealing.header
  const envelope = await second.seal(
    sealing.referral,
    header as never,
    keyset.keyset.recipients,
    partner.secretKey,
    { matching: sealing.matching, receipt: sealing.receipt },
    listed(),
  )
  t.strictSame(envelope, sealing.envelope)
  t.equal(second.jcs(sealing.header), sealing.headerJcs)
})

t.test('the server takes the published envelope apart as published', async (t) => {
  const { referralId } = input
  const checked = checkEnvelope(readEnvelope(sealing.envelope), { referralId, origin })
  t.doesNotThrow(() => checkSignature(checked, partner.publicKey))
  t.equal(hex(checked.headerHash), sealing.headerHash)
  t.equal(hex(checked.envelopeHash), sealing.envelopeHash)
  t.equal(hex(checked.envelopeSha256), sealing.envelopeSha256)
})

t.test('both implementations open the published release', async (t) => {
  const opened = openReferral(released, input)
  t.strictSame(opened.opened && opened.compartments, sealing.referral)
  const theirs = await second.open(released, casework.secretKey, partner.publicKey)
  t.strictSame(theirs, sealing.referral)
})

t.test(
  'each release that must fail fails at its step, and in the second implementation',
  async (t) => {
    for (const { name, step, changes, ...rest } of vectors.mustFail) {
      const spoilt = copy(released)
      for (const change of changes) apply(spoilt, change)
      const asked = 'ask' in rest && rest.ask ? { ...input, referralId: rest.ask } : input
      t.match(openReferral(spoilt, asked), { opened: false, step }, name)
      // The caller of the second implementation compares ids and readers itself.
      if (step === 'id' || step === 'grant') continue
      await t.rejects(second.open(spoilt, casework.secretKey, partner.publicKey), name)
    }
  },
)

function apply(root: object, change: { pointer: string; value?: unknown }): void {
  const path = change.pointer.split('/').slice(1)
  const down = (at: unknown, key: string) => (at as Record<string, unknown>)[key]
  const holder = path.slice(0, -1).reduce<unknown>(down, root) as Record<string, unknown>
  if ('value' in change) holder[path.at(-1)!] = change.value
  else delete holder[path.at(-1)!]
}

t.test('receipt, message, grant and audit commitment', async (t) => {
  const { receipt } = vectors
  const keys = receiptKeys(receipt.digits, receipt.origin)
  t.equal(dammDigit(receipt.digits), receipt.checkDigit)
  t.equal(hex(keys.accessTag), receipt.accessTag)
  t.equal(keys.receipt, receipt.receipt)
  t.equal(hex(keys.reply.secretKey), receipt.replySeed)
  t.equal(hex(keys.signing.secretKey), receipt.signingSeed)

  const referral = {
    header: released.header,
    envelopeHash: unhex(sealing.envelopeHash),
    signedBy: 'receipt' as const,
  }
  const reader = recipientKeyFrom(unhex(vectors.keys.reply.seed))
  const message = openMessage(vectors.message as never, { ...input, referral, reader })
  t.match(message, { opened: true, content: { text: 'Please ring.' }, problems: [] })

  const { grant } = vectors.grant as never as { grant: Parameters<typeof grantVerifies>[1] }
  const granted = { referralId: input.referralId, headerHash: unhex(sealing.headerHash) }
  const granter = second.unb64u(vectors.keys.caseworkSigning.publicKey)
  t.ok(grantVerifies(granted, grant, granter))
  const { value, ...said } = grant
  const statement = { ...granted, headerHash: second.b64u(granted.headerHash), ...said }
  const bytes = second.join(second.label('grant'), second.H(second.utf8(second.jcs(statement))))
  t.ok(second.verifies(granter, bytes, second.unb64u(value)))

  const { name, salt, jcs, commitment } = vectors.auditCommitment
  t.equal(auditCommitment(name, unhex(salt), JSON.parse(jcs)), commitment)
})
