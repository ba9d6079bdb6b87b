/**
 * Goal: what each side is shown of the messages about a referral is what was written, whatever a server or a writer did.
 * Method: messages of both sides, read by one; then one thing spoilt at a time, and anything at all put anywhere.
 */
import fc from 'fast-check'
import t from 'tap'
import { headerHash } from '../../../src/protocol/envelope/envelope.ts'
import { signParts } from '../../../src/protocol/envelope/seal.ts'
import { headerBytes, verifyReleased } from '../../../src/protocol/envelope/verify.ts'
import {
  type ConversationInput,
  readConversation,
} from '../../../src/protocol/messages/conversation.ts'
import {
  type MessageEnvelope,
  type MessageInput,
  sealMessage,
} from '../../../src/protocol/messages/message.ts'
import { noteHash } from '../../../src/protocol/messages/note.ts'
import { readNotes } from '../../../src/protocol/messages/notechain.ts'
import {
  accepted,
  copy,
  directory,
  keys,
  keysetPayload,
  now,
  openInput,
  otherId,
  release,
  seal,
} from '../world.ts'

const ofPartner = seal()
const verifiedOf = (envelope: typeof ofPartner) =>
  verifyReleased(release(envelope, keys.casework.kid), openInput(keys.casework))
const referral = verifiedOf(ofPartner)
const at = now.toISOString()

const answer: MessageInput = {
  kind: 'message',
  from: 'recipient',
  messageId: '01935f3a-7c00-7000-8000-0000000000aa',
  referral,
  content: { text: 'Bitte rufen Sie an.' },
  last: undefined,
  keyset: accepted,
  signer: keys.caseworkSigning,
  now,
}
const question: MessageInput = { ...answer, from: 'referrer', signer: keys.partner }

const keysets = new Map([[accepted.sha256, keysetPayload]])
const referrer: ConversationInput = {
  ...{ side: 'referrer', referral, reader: keys.reply, keysets, directory: undefined },
}
const casework: ConversationInput = {
  ...{ side: 'recipient', referral, reader: keys.casework, keysets, directory },
}
const read = (messages: MessageEnvelope[], input: ConversationInput) =>
  readConversation(
    messages.map((message) => ({ message, at })),
    input,
  )

t.test('a message that is shown twice counts once, and came when it came first', (t) => {
  const sealed = sealMessage(answer)
  const later = new Date(now.getTime() + 60_000).toISOString()
  const shown = [
    { message: sealed, at },
    { message: copy(sealed), at: later },
  ]
  const { messages, refused, faults } = readConversation(shown, referrer)
  t.match(messages, [{ at, opened: true, content: answer.content }])
  t.same([messages.length, refused, faults], [1, [], []])
  for (const at of ['yesterday', '2026-02-30T09:30:00Z']) {
    const never = readConversation([{ message: sealed, at }], referrer)
    t.match(never, { messages: { length: 0 }, refused: [{ step: 'shape', at }] })
  }
  t.end()
})

t.test('of its own side a referrer is shown what a colleague signed, and nothing else', (t) => {
  const unknown = keys.volunteerSigning
  const byColleague = sealMessage({ ...question, signer: unknown })
  t.match(read([byColleague], referrer), {
    messages: [{ from: 'referrer', opened: false, step: 'signer' }],
    refused: [],
    faults: [],
  })
  const stepsOf = (message: MessageEnvelope, input: ConversationInput) => {
    const { messages, refused } = read([message], input)
    t.equal(messages.length, 0)
    return refused.map(({ step }) => step)
  }
  const moved = copy(byColleague)
  moved.header.referralId = otherId
  t.same(stepsOf(moved, referrer), ['id'], 'of another referral it is nobody’s')
  t.same(stepsOf(sealMessage({ ...answer, signer: unknown }), referrer), ['signer'])
  t.same(stepsOf(byColleague, casework), ['signer'], 'a recipient is shown who may write')
  const byReceipt = { ...referrer, referral: verifiedOf(seal({ signer: keys.replySigning })) }
  t.same(stepsOf(byColleague, byReceipt), ['signer'], 'a receipt has no colleagues')
  t.end()
})

t.test('who gave no key to answer to is told that there is none', (t) => {
  const mute = { ...referrer, reader: undefined }
  t.match(read([sealMessage(answer)], mute), {
    messages: [{ opened: false, step: 'grant', detail: /no key to open it by/, problems: [] }],
    refused: [],
  })
  t.end()
})

t.test('sealed to more or to fewer than must read it is told', (t) => {
  const { recipients } = keysetPayload
  const sealedTo = (input: MessageInput, ...required: string[]) => {
    const changed = recipients.map((one) => ({ ...one, required: required.includes(one.kid) }))
    const keyset = { ...keysetPayload, recipients: changed }
    return sealMessage({ ...input, keyset: { sha256: accepted.sha256, keyset } })
  }
  const { kid } = keys.casework
  const [recovery, interpreters] = [keys.recovery.kid, keys.interpreters.kid]
  for (const input of [answer, question]) {
    const told = `message 1 by the ${input.from} is not sealed to exactly those who must read it.`
    const faultsOf = (message: MessageEnvelope) => read([message], casework).faults
    t.same(faultsOf(sealedTo(input, kid, recovery)), [])
    t.same(faultsOf(sealedTo(input, kid, recovery, interpreters)), [told], 'to more')
    t.same(faultsOf(sealedTo(input, kid)), [told], 'to fewer')
  }
  // A recipient that referred itself, by the telephone, is answered once.
  const replyTo = { ...referral.header.replyTo!, kid, publicKey: recipients[0]!.publicKey }
  const own = { ...referral, header: { ...referral.header, replyTo } }
  const toOwn = sealMessage({ ...answer, referral: own })
  t.same(toOwn.header.sealedTo, [kid, recovery].sort())
  t.same(read([toOwn], { ...casework, referral: own }).faults, [])
  t.end()
})

t.test('what is missing between messages is told', (t) => {
  const first = sealMessage(question)
  const last = { number: 1, envelopeHash: noteHash(first) }
  const next = sealMessage({ ...question, last })
  t.same(read([first, next], casework).faults, [])
  t.same(read([next], casework).faults, ['There is no message 1 by the referrer.'])
  t.end()
})

t.test('nothing that a server or a writer puts anywhere is thrown', (t) => {
  const writers = [
    { from: 'recipient', signer: keys.caseworkSigning },
    { from: 'referrer', signer: keys.partner },
    { from: 'referrer', signer: keys.replySigning },
    { from: 'referrer', signer: keys.volunteerSigning },
  ] as const
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, '\ud800', 'e\u0301', 1.5, { length: 2 ** 40 }, { byteLength: 9 }),
  )
  const names = fc.constantFrom('more', '\ud800', 'e\u0301', '__proto__', 'text', 'urgency', 'kind')
  type Loose = Record<string, unknown>
  const spoil = (
    within: Loose,
    path: readonly number[],
    change: (at: Loose, key: string) => void,
  ) => {
    const keys = Object.keys(within)
    const key = keys[(path[0] ?? 0) % keys.length] ?? 'x'
    const inner = within[key]
    if (path.length > 1 && typeof inner === 'object' && inner !== null) {
      spoil(inner as Loose, path.slice(1), change)
    } else change(within, key)
  }
  const property = fc.property(
    fc.constantFrom(...writers),
    fc.constantFrom('message', 'note'),
    fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
    fc.option(names, { nil: undefined }),
    anything,
    fc.boolean(),
    (writer, kind, path, name, value, isSigned) => {
      const from = kind === 'note' ? 'recipient' : writer.from
      const message = copy(sealMessage({ ...answer, ...writer, kind, from }))
      spoil(message as unknown as Loose, path, (within, key) => {
        Object.defineProperty(within, name ?? key, { value, enumerable: true, configurable: true })
      })
      if (isSigned) {
        try {
          const bound = headerHash(headerBytes(message.header))
          message.signature = signParts(bound, message, writer.signer)
        } catch {
          // It has no form that anybody signs.
        }
      }
      for (const input of [referrer, casework]) read([message], input)
      readNotes([{ note: message, at }], { referral, reader: keys.casework, keysets })
    },
  )
  const [byCasework, , , byColleague] = writers
  fc.assert(property, {
    numRuns: 300,
    examples: [
      [byCasework, 'message', [1, 0], 'more', { length: 2 ** 40 }, false],
      [byColleague, 'message', [1, 0], '\ud800', 'AAAA', false],
    ],
  })
  t.end()
})

t.test('what is wrong with who asks is no message that is refused', (t) => {
  const sealed = sealMessage(answer)
  t.throws(() => read([sealed], { ...referrer, keysets: undefined as never }), TypeError)
  const lost = {
    ...keys.reply,
    get kid(): string {
      throw new RangeError('the key is not there')
    },
  }
  t.throws(() => read([sealed], { ...referrer, reader: lost }), RangeError)
  t.end()
})
