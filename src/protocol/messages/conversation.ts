/**
 * Reading the messages about one referral, from either side: who wrote each, what it says where it is sealed to the reader,
 * and whether all are there (docs/PROTOCOL.md, "Messages"). The server that shows them is believed in nothing but
 * the times.
 */
import type { Problem } from '../../referral/problems.ts'
import { encodeBase64url } from '../bytes.ts'
import { type OpeningStep, StepFailure } from '../envelope/step.ts'
import { keysetOf, requireTime } from '../envelope/verify.ts'
import type { SecretKey } from '../keys.ts'
import { requiredKids } from '../trust/keyset.ts'
import type { MessageEnvelope, MessageHeader } from './message.ts'
import { noteHash } from './note.ts'
import type { RefusedNote, Writer } from './notechain.ts'
import { openVerified, type ThreadInput, threadFaults, verifyMessage } from './thread.ts'

/** A message as a service shows it. */
export type ShownMessage = { readonly message: MessageEnvelope; readonly at: string }

/** What a reader of messages brings. */
export type ConversationInput = Omit<ThreadInput, 'receivedAt' | 'reader'> & {
  /** The reader's X-Wing key; none of a referrer that gave no key to be answered by. */
  readonly reader: SecretKey | undefined
  /** On which side the reader is. */
  readonly side: MessageHeader['from']
}

/** A message that its side signed. Where it does not open to this reader it counts all the same. */
export type ReadMessage<Shown extends ShownMessage = ShownMessage> = Omit<Shown, 'message'> & {
  readonly messageId: string
  readonly from: MessageHeader['from']
  readonly number: number
  /** The recipient that wrote it; none of one by the referrer. */
  readonly writer?: Writer
  /** What its writer says of the urgency, if anything. */
  readonly urgency?: string
  /** In base64url: what the next one of its side names. */
  readonly envelopeHash: string
  /** What does not fit its form, and which of its keys are revoked. */
  readonly problems: readonly Problem[]
} & (
    | { readonly opened: true; readonly content: unknown }
    | { readonly opened: false; readonly step: OpeningStep; readonly detail: string }
  )

/** The messages about one referral. */
export type Conversation<Shown extends ShownMessage = ShownMessage> = {
  /** In the order in which they came, each once. */
  readonly messages: readonly ReadMessage<Shown>[]
  /** What was shown as a message and is none: it counts for nothing. */
  readonly refused: readonly RefusedNote[]
  /** Whole sentences: what is missing, stands in two versions, or is sealed to others. */
  readonly faults: readonly string[]
}

/** Checks and opens messages. Never throws for anything that a server or a writer wrote. */
export function readConversation<Shown extends ShownMessage>(
  shown: readonly Shown[],
  input: ConversationInput,
): Conversation<Shown> {
  const read = new Map<string, { header: MessageHeader; message: ReadMessage<Shown> }>()
  const refused: RefusedNote[] = []
  for (const one of shown) {
    try {
      requireTime(one.at)
      const message = readOne(one, input)
      if (!read.has(message.envelopeHash)) {
        read.set(message.envelopeHash, { header: one.message.header, message })
      }
    } catch (failure) {
      if (!(failure instanceof StepFailure)) throw failure
      refused.push({ at: one.at, step: failure.step, detail: failure.message })
    }
  }
  const found = [...read.values()]
  const chained = shown.flatMap(({ message }) => {
    const kept = found.find(({ header }) => header === message.header)
    return kept ? [{ header: kept.header, envelopeHash: noteHash(message) }] : []
  })
  return {
    messages: found.map(({ message }) => message),
    refused,
    faults: [
      ...threadFaults(chained, input.referral),
      ...found.flatMap(({ header }) => sealedFaults(header, input)),
    ],
  }
}

function readOne<Shown extends ShownMessage>(
  { message, ...shown }: Shown,
  input: ConversationInput,
): ReadMessage<Shown> {
  const context = { ...input, receivedAt: new Date(shown.at) }
  const { messageId, from, number, urgency } = message.header ?? {}
  const base = {
    ...shown,
    ...{ messageId, from, number },
    ...(urgency !== undefined && { urgency }),
  }
  let verified: ReturnType<typeof verifyMessage>
  try {
    verified = verifyMessage(message, context, ['message'])
  } catch (failure) {
    // A colleague's key, or an earlier one: a referrer sees no directory, and this is of its own side. Who sent
    // under a receipt has no others.
    const isColleague = input.side === 'referrer' && input.referral.signedBy !== 'receipt'
    if (!(failure instanceof StepFailure) || failure.step !== 'signer') throw failure
    if (!isColleague || from !== 'referrer') throw failure
    const { step, message: detail } = failure
    const envelopeHash = encodeBase64url(noteHash(message))
    return { ...base, envelopeHash, problems: [], opened: false, step, detail }
  }
  const { writer } = verified
  const written = {
    ...base,
    envelopeHash: encodeBase64url(verified.envelopeHash),
    ...(writer && { writer: { kid: writer.kid, label: writer.label } }),
  }
  try {
    if (!input.reader) throw new StepFailure('grant', 'there is no key to open it by')
    const { content, problems } = openVerified(verified, { ...input, reader: input.reader })
    return { ...written, opened: true, content, problems }
  } catch (failure) {
    if (!(failure instanceof StepFailure)) throw failure
    const { step, message: detail } = failure
    return { ...written, problems: verified.problems, opened: false, step, detail }
  }
}

// Sealed to more, somebody reads it whom neither side knows of; to fewer, they are left out.
function sealedFaults(header: MessageHeader, { keysets, referral }: ConversationInput): string[] {
  const required = requiredKids(keysetOf(header, keysets))
  const { replyTo } = referral.header
  const answered = header.from === 'recipient' && replyTo ? [replyTo.kid] : []
  const readers = [...new Set([...required, ...answered])].sort()
  if (readers.join() === [...header.sealedTo].sort().join()) return []
  const name = `message ${header.number} by the ${header.from}`
  return [`${name} is not sealed to exactly those who must read it.`]
}
