// Goal: a message reaches who may read it and no one else, says who wrote it, and is missed if gone.
// Method: a referral answered from both sides; then one thing spoilt at a time.
import t from 'tap'
import { sealCompartment } from '../../../src/protocol/envelope/compartment.ts'
import { signedBytes } from '../../../src/protocol/envelope/envelope.ts'
import { sealParts, signParts } from '../../../src/protocol/envelope/seal.ts'
import { verifyReleased } from '../../../src/protocol/envelope/verify.ts'
import {
  holdersOf,
  type MessageEnvelope,
  type MessageInput,
  sealMessage,
} from '../../../src/protocol/messages/message.ts'
import { noteHash } from '../../../src/protocol/messages/note.ts'
import { readNotes } from '../../../src/protocol/messages/notechain.ts'
import {
  openMessage,
  type ThreadInput,
  threadFaults,
} from '../../../src/protocol/messages/thread.ts'
import type { Directory } from '../../../src/protocol/trust/directory.ts'
import type { Keyset } from '../../../src/protocol/trust/keyset.ts'
import * as second from '../second.ts'
import {
  accepted,
  bytesOf,
  codeOf,
  copy,
  directory,
  directoryPayload,
  fixedRandom,
  keys,
  keysetPayload,
  now,
  openInput,
  organisation,
  otherId,
  release,
  seal,
  seedOf,
} from '../world.ts'

const byPartner = seal()
const verified = verifyReleased(release(byPartner, keys.casework.kid), openInput(keys.casework))
const byReceipt = seal({ signer: keys.replySigning })
const verifiedReceipt = verifyReleased(
  release(byReceipt, keys.casework.kid),
  openInput(keys.casework),
)
const messageId = '01935f3a-7c00-7000-8000-0000000000aa'

const answer: MessageInput = {
  kind: 'message',
  from: 'recipient',
  messageId,
  referral: verified,
  content: { text: 'Bitte rufen Sie an.' },
  last: undefined,
  keyset: accepted,
  signer: keys.caseworkSigning,
  now,
}
const question: MessageInput = { ...answer, from: 'referrer', signer: keys.partner }
const reader = (key: typeof keys.reply, changes: Partial<ThreadInput> = {}): ThreadInput => ({
  referral: verified,
  reader: key,
  keysets: new Map([[accepted.sha256, keysetPayload]]),
  directory,
  receivedAt: now,
  ...changes,
})
const stepOf = (envelope: MessageEnvelope, input: ThreadInput) => {
  const result = openMessage(envelope, input)
  return result.opened ? 'opened' : result.step
}
const mustOpen = (envelope: MessageEnvelope, input: ThreadInput) => {
  const result = openMessage(envelope, input)
  if (!result.opened) throw new Error(`withheld at ${result.step}`)
  return result
}

t.test(
  'an answer goes to the reply key of the referral and every required recipient',
  async (t) => {
    const sealed = sealMessage(answer)
    const { kid } = keys.reply
    t.strictSame(sealed.header.sealedTo, [kid, keys.casework.kid, keys.recovery.kid].sort())
    t.equal(sealed.header.previous, second.b64u(verified.envelopeHash))
    t.equal(sealed.header.number, 1)
    t.notOk('replyTo' in sealed.header)
    const opened = mustOpen(sealed, reader(keys.reply, { directory: undefined }))
    t.strictSame(opened.content, answer.content)
    t.strictSame(opened.problems, [])
    t.strictSame(mustOpen(sealed, reader(keys.recovery)).content, answer.content)
    t.equal(stepOf(sealed, reader(keys.interpreters)), 'grant')
  },
)

t.test('a message is signed over its header and its one compartment', async (t) => {
  const sealed = sealMessage(answer)
  const header = second.H(second.label('header'), second.utf8(second.jcs(sealed.header)))
  const part = second.H(second.label('sealed'), bytesOf(sealed.compartments.message))
  const wraps = Object.fromEntries(sealed.wraps.map((wrap) => [wrap.kid, second.wrapHash(wrap)]))
  const compartments = { message: second.b64u(part) }
  const body = second.utf8(second.jcs({ compartments, wraps }))
  const hash = second.H(second.label('envelope'), header, second.H(second.label('body'), body))
  const { publicKey } = keys.caseworkSigning
  t.ok(second.verifies(publicKey, signedBytes(hash), bytesOf(sealed.signature.value)))
  t.strictSame(mustOpen(sealed, reader(keys.reply)).envelopeHash, hash)
})

t.test(
  'a referrer writes to every required recipient, a note stays among recipients',
  async (t) => {
    const required = [keys.casework.kid, keys.recovery.kid].sort()
    t.strictSame(sealMessage(question).header.sealedTo, required)
    t.strictSame(sealMessage({ ...answer, kind: 'note' }).header.sealedTo, required)
    t.strictSame(sealMessage({ ...question, kind: 'withdrawal' }).header.sealedTo, required)
    t.equal(
      codeOf(() => sealMessage({ ...question, kind: 'note' })),
      'referral-invalid',
    )
    const { replyTo, ...silent } = verified.header
    const unanswerable = { ...verified, header: silent }
    t.equal(
      codeOf(() => sealMessage({ ...answer, referral: unanswerable })),
      'reply-key-missing',
    )
    t.equal(
      codeOf(() => sealMessage({ ...answer, kind: 'note', referral: unanswerable })),
      undefined,
    )
  },
)

t.test('only who may write for a side is believed', async (t) => {
  const inbox = reader(keys.casework)
  t.equal(stepOf(sealMessage(question), inbox), 'opened', 'the organisation')
  t.equal(stepOf(sealMessage({ ...question, signer: keys.replySigning }), inbox), 'opened')
  t.equal(stepOf(sealMessage({ ...question, signer: keys.caseworkSigning }), inbox), 'signer')
  t.equal(stepOf(sealMessage({ ...answer, signer: keys.partner }), inbox), 'signer')
  t.equal(stepOf(sealMessage({ ...answer, signer: keys.interpretersSigning }), inbox), 'opened')
  const elsewhere: Directory = copy(directoryPayload)
  elsewhere.referrers[0]!.organisation = otherId
  t.equal(stepOf(sealMessage(question), reader(keys.casework, { directory: elsewhere })), 'signer')
  const late = new Date('2025-12-31T00:00:00Z')
  t.equal(stepOf(sealMessage(question), reader(keys.casework, { receivedAt: late })), 'signer')
  const forReceipt = reader(keys.casework, { referral: verifiedReceipt })
  const ofReceipt = { ...question, referral: verifiedReceipt }
  t.equal(
    stepOf(sealMessage(ofReceipt), forReceipt),
    'signer',
    'no organisation speaks for a receipt',
  )
  t.equal(stepOf(sealMessage({ ...ofReceipt, signer: keys.replySigning }), forReceipt), 'opened')
  t.strictSame(verified.signedBy, { organisation, label: 'Example Law Centre' })
  const note = sealMessage({ ...answer, kind: 'note' })
  t.equal(stepOf(note, inbox), 'opened')
})

t.test('a spoilt message is withheld, and its step named', async (t) => {
  const sealed = sealMessage(answer)
  const other = sealMessage({ ...answer, content: { text: 'x' } })
  const spoilings: [string, string, (m: MessageEnvelope) => void][] = [
    ['another referral', 'id', (m) => (m.header.referralId = otherId)],
    ['another kind', 'signature', (m) => (m.header.kind = 'note')],
    ['a referral', 'protocol', (m) => Object.assign(m.header, { kind: 'referral' })],
    ['another keyset', 'keyset', (m) => (m.header.keyset.version = 2)],
    ['another number', 'signature', (m) => (m.header.number = 2)],
    ['another predecessor', 'signature', (m) => (m.header.previous = second.b64u(seedOf('x')))],
    ['another signer', 'signature-kid', (m) => (m.signature.kid = keys.root.kid)],
    ['no signature', 'signature-missing', (m) => delete (m as Partial<MessageEnvelope>).signature],
    ['the text of another', 'signature', (m) => (m.compartments = other.compartments)],
    ['a compartment more', 'signature', (m) => Object.assign(m.compartments, { more: 'AAAA' })],
    ['the wraps of another', 'signature', (m) => (m.wraps = other.wraps)],
    ["another reader's wrap", 'signature', (m) => (m.wraps[1] = other.wraps[1]!)],
    ['no wraps', 'parts', (m) => (m.wraps = [])],
    ['no header', 'shape', (m) => delete (m as Partial<MessageEnvelope>).header],
    ['a letter too many', 'parts', (m) => (m.compartments.message += 'A')],
  ]
  for (const [what, step, spoil] of spoilings) {
    const spoilt = copy(sealed)
    spoil(spoilt)
    t.equal(stepOf(spoilt, reader(keys.casework)), step, what)
  }
})

t.test('a note that a referrer wrote is not believed', async (t) => {
  const { commitments: _, ...header } = sealMessage({ ...question, kind: 'withdrawal' }).header
  const parts = sealParts<MessageEnvelope['header']>(
    [['message', { text: 'x' }]],
    holdersOf(keysetPayload, { ...answer, kind: 'note' }),
    (_, commitments) => ({ ...header, kind: 'note', commitments }) as never,
    fixedRandom('note'),
  )
  const signature = signParts(parts.headerHash, parts, keys.partner)
  t.equal(stepOf({ ...parts, signature } as never, reader(keys.casework)), 'signer')
})

t.test('urgency may only be raised', async (t) => {
  t.equal(
    codeOf(() => sealMessage({ ...question, urgency: 'soon' })),
    'referral-invalid',
  )
  const raised = sealMessage({ ...question, urgency: 'immediate' })
  t.equal(raised.header.urgency, 'immediate')
  t.strictSame(mustOpen(raised, reader(keys.casework)).problems, [])
  const higher = { ...verified, header: { ...verified.header, urgency: 'immediate' as const } }
  const lowered = sealMessage({ ...question, urgency: 'urgent' })
  const { problems } = mustOpen(
    lowered,
    reader(keys.casework, { referral: { ...verified, ...higher } }),
  )
  t.match(problems, [{ pointer: '/header/urgency' }])
})

t.test('what does not fit the form of a message opens with a problem', async (t) => {
  const odd = sealMessage({ ...answer, content: { text: 'x', novelty: 1 } as never })
  const opened = mustOpen(odd, reader(keys.reply))
  t.strictSame(opened.content, { text: 'x', novelty: 1 })
  t.match(opened.problems, [{ pointer: '/message/novelty' }])
})

t.test('a gap or a fork in a thread is told', async (t) => {
  const inbox = reader(keys.casework)
  const opened = (input: MessageInput) => mustOpen(sealMessage(input), inbox)
  const first = opened(question)
  const next = opened({ ...question, last: { number: 1, envelopeHash: first.envelopeHash } })
  const reply = opened(answer)
  const note = opened({ ...answer, kind: 'note' })
  t.equal(next.header.number, 2)
  t.strictSame(threadFaults([next, note, first, reply], verified), [])
  t.strictSame(threadFaults([], verified), [])
  t.strictSame(threadFaults([first, first], verified), [], 'the same message twice is one')
  t.strictSame(threadFaults([next], verified), ['There is no message 1 by the referrer.'])
  const twin = opened({ ...question, content: { text: 'another' } })
  t.strictSame(threadFaults([first, twin, next], verified), [
    'There are two of message 1 by the referrer.',
  ])
  t.strictSame(threadFaults([twin, next], verified), [
    'message 2 by the referrer follows something else.',
  ])
  t.strictSame(threadFaults([first], verifiedReceipt), [
    'message 1 by the referrer follows something else.',
  ])
})

t.test(
  'a note that is not sealed to a reader, or does not open, counts by its header',
  async (t) => {
    const at = now.toISOString()
    const first = sealMessage({ ...answer, kind: 'note' })
    const last = { number: 1, envelopeHash: noteHash(first) }
    const { commitments: _, ...header } = sealMessage({ ...answer, kind: 'note', last }).header
    const parts = sealParts<MessageEnvelope['header']>(
      [['message', { text: 'x' }]],
      holdersOf(keysetPayload, { ...answer, kind: 'note' }),
      (_, commitments) =>
        ({ ...header, signer: keys.interpretersSigning.kid, commitments }) as never,
      fixedRandom('spoilt note'),
    )
    const nonce = seedOf('n').subarray(0, 12)
    const sealed = sealCompartment(
      'message',
      second.utf8('{}'),
      seedOf('k'),
      nonce,
      parts.headerHash,
    )
    parts.compartments.message = second.b64u(sealed)
    const signature = signParts(parts.headerHash, parts, keys.interpretersSigning)
    const { compartments, wraps } = parts
    const spoilt = { header: parts.header, compartments, wraps, signature } as MessageEnvelope
    const third = sealMessage({
      ...{ ...answer, kind: 'note', last: { number: 2, envelopeHash: noteHash(spoilt) } },
    })
    const shown = [third, spoilt, first].map((note) => ({ note, at }))
    const chainFor = (key: typeof keys.reply) => {
      const { directory: _, receivedAt: __, ...input } = reader(key)
      return readNotes(shown, input)
    }
    t.match(chainFor(keys.casework), {
      notes: [
        { number: 1, opened: true, content: answer.content, writer: { label: 'Casework' } },
        { number: 2, opened: false, step: 'compartment', writer: { label: 'Interpreters' } },
        { number: 3, opened: true },
      ],
    })
    const others = chainFor(keys.interpreters)
    t.same(
      others.notes.map((note) => [note.number, note.writer.label, !note.opened && note.step]),
      [
        [1, 'Casework', 'grant'],
        [2, 'Interpreters', 'grant'],
        [3, 'Casework', 'grant'],
      ],
    )
    for (const chain of [chainFor(keys.casework), others])
      t.same([chain.refused, chain.faults], [[], []])
  },
)

t.test('notes that go back to an older keyset, or are sealed to others, are told', async (t) => {
  const at = now.toISOString()
  const newer: Keyset = { ...keysetPayload, version: 2 }
  const [old, later] = [accepted, { keyset: newer, sha256: second.b64u(seedOf('keyset 2')) }]
  const keysets = new Map([old, later].map(({ sha256, keyset }) => [sha256, keyset]))
  const note = (keyset: MessageInput['keyset'], before?: MessageEnvelope) =>
    sealMessage({
      ...{ ...answer, kind: 'note', keyset },
      last: before && { number: before.header.number, envelopeHash: noteHash(before) },
    })
  const faultsOf = (notes: MessageEnvelope[], referral = verified) => {
    const { faults } = readNotes(
      notes.map((note) => ({ note, at })),
      { referral, reader: keys.casework, keysets },
    )
    const inOrder = notes.toSorted((a, b) => a.header.number - b.header.number)
    const { version } = referral.header.keyset
    t.same(second.noteFaults(inOrder, version, [...keysets.values()]), faults, 'to both the same')
    return faults
  }
  const first = note(old)
  const next = note(later, first)
  const third = note(later, next)
  t.same(faultsOf([first, next, third]), [])
  const forged = note(old, third)
  const told = 'note 4 names keyset 1, after keyset 2.'
  t.same(faultsOf([first, next, third, forged]), [told])
  t.same(faultsOf([forged, note(old, forged), third, next, first]), [
    told,
    'note 5 names keyset 1, after keyset 2.',
  ])
  const openedNote = (note: MessageEnvelope) => mustOpen(note, reader(keys.casework, { keysets }))
  t.same(threadFaults([third, next, first].map(openedNote), verified), [], 'in any order')
  const { header } = verified
  const late = { ...verified, header: { ...header, keyset: { ...header.keyset, version: 2 } } }
  t.same(faultsOf([first, next], late), ['note 1 names keyset 1, after keyset 2.'])
  const question2 = mustOpen(sealMessage({ ...question }), reader(keys.casework))
  t.same(threadFaults([question2], late), [], 'what is no note is not held to it')
  const { recipients } = keysetPayload
  const sealedTo = (required: (kid: string, before: boolean) => boolean) =>
    note({
      sha256: old.sha256,
      keyset: {
        ...keysetPayload,
        recipients: recipients.map((it) => ({ ...it, required: required(it.kid, it.required) })),
      },
    })
  const others = ['note 1 is not sealed to exactly those who must read it.']
  t.same(faultsOf([sealedTo(() => true)]), others, 'to more')
  t.same(faultsOf([sealedTo((kid) => kid === keys.casework.kid)]), others, 'to fewer')
})

t.test('messages are sealed with a keyset that may be sealed with', async (t) => {
  const late = new Date(Date.parse(keysetPayload.expiresAt) + 91 * 24 * 3_600_000)
  t.equal(
    codeOf(() => sealMessage({ ...answer, now: late })),
    'keyset-expired',
  )
  const text = 'x'.repeat(128 * 1024)
  t.equal(
    codeOf(() => sealMessage({ ...answer, content: { text } })),
    'referral-too-large',
  )
})
