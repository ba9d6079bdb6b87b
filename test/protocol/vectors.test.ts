// Goal: protocol version 1 stays what it is, byte for byte.
// Method: the published file is opened, and sealed again from its listed random bytes, by our code
// and by the second implementation; each release that must fail fails at its step.
import { createHash } from 'node:crypto'
import t from 'tap'
import { auditCommitment } from '../../src/protocol/commitment.ts'
import { dammDigit } from '../../src/protocol/damm.ts'
import { checkEnvelope, checkSignature, readEnvelope } from '../../src/protocol/envelope/check.ts'
import { failedStep, openReferral } from '../../src/protocol/envelope/open.ts'
import type { Released } from '../../src/protocol/envelope/released.ts'
import { sealReferral } from '../../src/protocol/envelope/seal.ts'
import { openingSteps } from '../../src/protocol/envelope/step.ts'
import { type UrgencyStatement, urgencyVerifies } from '../../src/protocol/envelope/urgency.ts'
import { openKeyFile } from '../../src/protocol/keyfile.ts'
import { recipientKeyFrom, signingKeyFrom } from '../../src/protocol/keys.ts'
import { readNotes } from '../../src/protocol/messages/notechain.ts'
import { receiptKeys } from '../../src/protocol/messages/receipt.ts'
import { openMessage } from '../../src/protocol/messages/thread.ts'
import { acceptDirectory } from '../../src/protocol/trust/directory.ts'
import { acceptKeyset } from '../../src/protocol/trust/keyset.ts'
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
  now: receivedAt,
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
  const theirs = sealing.envelope.wraps.map((wrap) => [wrap.kid, second.wrapHash(wrap)])
  t.strictSame(sealing.wrapHashes, Object.fromEntries(theirs))
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
    const steps = vectors.mustFail.map(({ step }) => step)
    t.strictSame([...new Set(steps)].sort(), [...openingSteps].sort(), 'each step has one')
    for (const { name, step, changes, ...rest } of vectors.mustFail) {
      const spoilt = spoiltBy(changes)
      const asked = 'ask' in rest && rest.ask ? { ...input, referralId: rest.ask } : input
      const result = openReferral(spoilt, asked)
      t.equal(failedStep(result), step, name)
      if ('withheld' in rest) {
        const { [rest.withheld as 'legal']: _, ...others } = sealing.referral
        t.match(result, { opened: true, withheld: [{ compartment: rest.withheld, step }] }, name)
        t.strictSame(result.opened && result.compartments, others, name)
      } else t.notOk(result.opened, name)
      // Times, ids, readers, keysets and what is kept back are for its caller to compare.
      const comparing = ['id', 'grant', 'keyset', 'protocol', 'shape']
      if (comparing.includes(step) || name === 'a compartment kept back') continue
      await t.rejects(second.open(spoilt, casework.secretKey, partner.publicKey), name)
    }
  },
)

t.test('what is odd opens in both, with a problem at its place', async (t) => {
  for (const { name, changes, pointers, legal } of vectors.mustOpen) {
    const from = spoiltBy(changes)
    const opened = openReferral(from, input)
    if (!opened.opened) throw new Error(`${name}: ${opened.step}`)
    const found = opened.problems.map(({ pointer }) => pointer)
    for (const pointer of pointers) t.ok(found.includes(pointer), `${name} ${pointer} ${found}`)
    t.ok(pointers.length > 0 || found.length === 0, name)
    const { content, ...fields } = JSON.parse(legal)
    const said = content === 'referral/1' ? fields : { content, ...fields }
    t.strictSame(opened.compartments, { ...sealing.referral, legal: said }, name)
    const theirs = await second.open(from, casework.secretKey, partner.publicKey)
    t.strictSame(theirs.legal, said, name)
  }
})

t.test('a reader of some compartments opens those', async (t) => {
  const { reader, release, opened } = vectors.partialRelease
  const { seed } = vectors.keys[reader as 'interpreters']
  const result = openReferral(release as never, { ...input, reader: recipientKeyFrom(unhex(seed)) })
  t.strictSame(result.opened && Object.keys(result.compartments), opened)
  const theirs = await second.open(release as never, unhex(seed), partner.publicKey)
  t.strictSame(theirs, { interpreting: sealing.referral.interpreting })
})

t.test('a keyset is followed by one that names its hash, and by no other', async (t) => {
  const { jws, previous, otherPrevious } = vectors.nextKeyset
  const trust = { origin, rootKeys: roots, minimumVersion: 1 }
  const seen = { version: 1, sha256: keyset.sha256 }
  const next = acceptKeyset(jws, trust, seen, receivedAt)
  t.equal(next.keyset.version, 2)
  t.equal(next.keyset.previous, previous)
  const payload = second.unb64u(vectors.keyset.jws.split('.')[1]!)
  t.equal(second.b64u(createHash('sha256').update(payload).digest()), previous)
  t.throws(() => acceptKeyset(otherPrevious, trust, seen, receivedAt), {
    code: 'trust-rolled-back',
  })
  const keysets = new Map([...input.keysets, [next.sha256, next.keyset]])
  t.ok(openReferral(released, { ...input, keysets }).opened, 'sealed under the one before')
  const alone = new Map([[next.sha256, next.keyset]])
  t.equal(failedStep(openReferral(released, { ...input, keysets: alone })), 'keyset')
})

t.test('what names a keyset that a later one revokes opens with a problem', async (t) => {
  const { jws, problems } = vectors.revokingKeyset
  const trust = { origin, rootKeys: roots, minimumVersion: 1 }
  const next = acceptKeyset(jws, trust, { version: 1, sha256: keyset.sha256 }, receivedAt)
  const keysets = new Map([[next.sha256, next.keyset], ...input.keysets])
  const opened = openReferral(released, { ...input, keysets })
  if (!opened.opened) throw new Error(opened.step)
  t.same(
    opened.problems.map(({ pointer }) => pointer),
    problems.map(({ pointer }) => pointer),
  )
  for (const [index, { version, kid }] of problems.entries()) {
    t.match(opened.problems[index]?.detail, kid ?? `version ${version}`)
  }
  t.same(second.revokedOf(released.header, [...keysets.values()]), {
    keyset: true,
    sealedTo: [problems[1]!.kid],
  })
})

t.test('a grant lets the grantee in until its end, in both implementations', async (t) => {
  const { granter, grantee, grant, wrap, release } = vectors.grant
  const seed = unhex(vectors.keys[grantee as 'volunteer'].seed)
  const asGrantee = { ...input, reader: recipientKeyFrom(seed) }
  const opened = openReferral(release as never, asGrantee)
  const { interpreting, clinical } = sealing.referral
  t.strictSame(opened.opened && opened.compartments, { interpreting, clinical })
  const late = { ...asGrantee, now: new Date(grant.until) }
  t.equal(failedStep(openReferral(release as never, late)), 'grant')
  const { value, ...said } = grant
  const { headerHash } = sealing
  const statement = {
    ...{ referralId: input.referralId, headerHash: second.b64u(unhex(headerHash)) },
    ...{ ...said, wrap: second.wrapHash(wrap) },
  }
  const said32 = second.H(second.label('grant statement'), second.utf8(second.jcs(statement)))
  const bytes = second.join(second.label('grant'), said32)
  const { publicKey } = vectors.keys[granter as 'caseworkSigning']
  t.ok(second.verifies(second.unb64u(publicKey), bytes, second.unb64u(value)))
  t.strictSame(await second.open(release as never, seed, partner.publicKey), {
    interpreting,
    clinical,
  })
})

t.test('notes are a chain, in both implementations', async (t) => {
  const { at, chain, envelopeHash } = vectors.notes
  const [first, last] = chain
  const hash = second.messageHash(first as never)
  t.equal(hex(hash), envelopeHash)
  t.equal(last!.header.previous, second.b64u(hash))
  t.equal(first!.header.previous, second.b64u(unhex(sealing.envelopeHash)))
  const referral = {
    header: released.header,
    envelopeHash: unhex(sealing.envelopeHash),
    signedBy: 'receipt' as const,
  }
  const shown = chain.map((note) => ({ note: note as never, at }))
  const { reader, keysets } = input
  t.match(readNotes(shown.toReversed(), { referral, reader, keysets }), {
    notes: [
      { number: 1, writer: { label: 'Casework' }, content: { text: 'The sister says 1990.' } },
      { number: 2, writer: { label: 'Recovery' }, content: { text: 'The scar is on the left.' } },
    ],
    faults: [],
  })
  t.same(readNotes(shown.slice(1), { referral, reader, keysets }).faults, ['There is no note 1.'])
})

t.test('a key file opens under its passphrase, however that was typed', async (t) => {
  const { text, passphrase, signing, receiving } = vectors.keyFile
  const opened = openKeyFile(text, passphrase)
  t.equal(opened.signing.kid, vectors.keys[signing as 'caseworkSigning'].kid)
  t.equal(opened.receiving?.kid, vectors.keys[receiving as 'casework'].kid)
})

t.test('an urgency statement is signed as published', async (t) => {
  const { headerHash, statement, signature, signedBytes, signer } = vectors.urgency
  const said = second.H(second.label('urgency statement'), second.utf8(second.jcs(statement)))
  const bytes = second.join(second.label('urgency'), unhex(headerHash), said)
  t.equal(hex(bytes), signedBytes)
  const { publicKey, kid } = vectors.keys[signer as 'caseworkSigning']
  t.equal(signature.kid, kid)
  t.ok(second.verifies(second.unb64u(publicKey), bytes, second.unb64u(signature.value)))
  t.ok(
    urgencyVerifies(
      unhex(headerHash),
      statement as UrgencyStatement,
      signature,
      second.unb64u(publicKey),
    ),
  )
})

function spoiltBy(changes: readonly { pointer: string; value?: unknown }[]): Released {
  const spoilt = copy(released)
  for (const change of changes) apply(spoilt, change)
  return spoilt
}

function apply(root: object, change: { pointer: string; value?: unknown }): void {
  const path = change.pointer.split('/').slice(1)
  const down = (at: unknown, key: string) => (at as Record<string, unknown>)[key]
  const holder = path.slice(0, -1).reduce<unknown>(down, root) as Record<string, unknown>
  if ('value' in change) holder[path.at(-1)!] = change.value
  else delete holder[path.at(-1)!]
}

t.test('receipt, message and audit commitment', async (t) => {
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

  const { name, salt, jcs, commitment } = vectors.auditCommitment
  t.equal(auditCommitment(name, unhex(salt), JSON.parse(jcs)), commitment)
})
