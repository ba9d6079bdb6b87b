/**
 * Messages, withdrawals and review notes: docs/PROTOCOL.md, "Messages". Each is a
 * small envelope of its own with one compartment, in answer to one referral and never to a case:
 * the other referrals of a case are other people's.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { type Urgency, urgencies } from '../../referral/codes/clear.ts'
import { Attachment } from '../../referral/fields/documents.ts'
import { Bytes32, Kid, Origin, UuidV7 } from '../../referral/format.ts'
import {
  type Header,
  KeysetReference,
  protocol,
  type ReplyTo,
  recipientsMax,
  SealedTo,
} from '../../referral/header.ts'
import { mostUrgent } from '../../referral/urgency.ts'
import { encodeBase64url, type Random } from '../bytes.ts'
import { sealedText } from '../envelope/compartment.ts'
import { Signature, Wrap } from '../envelope/envelope.ts'
import { type Holder, keysetInHeader, sealParts, signParts } from '../envelope/seal.ts'
import type { SecretKey } from '../keys.ts'
import { randomBytes } from '../sodium.ts'
import type { AcceptedKeyset, Keyset } from '../trust/keyset.ts'

/** A thread has at most so many messages. */
export const notesMax = 10_000
/** A page of the largest notes that a request can bring is less than the 8 MiB that clients read. */
export const notesPageMax = 15

/** A message brings at most so many documents. */
const attachmentsMax = 20

/** What a message says, sealed. */
export const MessageContent = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 20_000 }),
    documents: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: attachmentsMax })),
  },
  { additionalProperties: false },
)
export type MessageContent = Static<typeof MessageContent>

export const MessageHeader = Type.Object(
  {
    protocol: Type.Enum([protocol]),
    kind: Type.Enum(['message', 'withdrawal', 'note']),
    origin: Origin,
    keyset: KeysetReference,
    referralId: UuidV7,
    messageId: UuidV7,
    from: Type.Enum(['referrer', 'recipient']),
    signer: Kid,
    number: Type.Integer({
      minimum: 1,
      maximum: notesMax,
      description: 'Counts from 1 in each thread: those of one kind from one side',
    }),
    previous: {
      ...Bytes32,
      description: 'envelopeHash of the one before in the thread; of the referral for number 1',
    },
    sealedTo: SealedTo,
    urgency: Type.Optional(Type.Enum(Object.keys(urgencies) as Urgency[])),
    commitments: Type.Object({ message: Bytes32 }, { additionalProperties: false }),
  },
  { additionalProperties: false },
)
export type MessageHeader = Static<typeof MessageHeader>

export const MessageEnvelope = Type.Object(
  {
    header: MessageHeader,
    compartments: Type.Object({ message: sealedText('message') }, { additionalProperties: false }),
    wraps: Type.Array(Wrap, { minItems: 1, maxItems: recipientsMax }),
    signature: Signature,
  },
  { additionalProperties: false },
)
export type MessageEnvelope = Static<typeof MessageEnvelope>

/** The referral that is answered, as its writer verified it. */
export type Answered = { header: Header; envelopeHash: Uint8Array }

export type MessageInput = {
  kind: MessageHeader['kind']
  from: MessageHeader['from']
  messageId: string
  referral: Answered
  content: MessageContent
  /** May only raise that of the referral. */
  urgency?: Urgency
  /** The newest of the same kind from the same side; `undefined` for the first. */
  last: { number: number; envelopeHash: Uint8Array } | undefined
  keyset: Pick<AcceptedKeyset, 'keyset' | 'sha256'>
  signer: SecretKey
  now: Date
}

/**
 * Seals a message to every required recipient, and if it is an answer to the referral's own reply
 * key, never to a key that a message names.
 *
 * @throws Refusal `reply-key-missing` for an answer to a referral that takes none,
 *   `referral-invalid` for an urgency that lowers or a note by a referrer, `referral-too-large`,
 *   `keyset-expired`, `unsupported-protocol`
 */
export function sealMessage(input: MessageInput, random: Random = randomBytes): MessageEnvelope {
  const { kind, from, referral, urgency, last } = input
  if (urgency !== undefined && lowers(urgency, referral)) {
    throw new Refusal('referral-invalid', 'urgency may only raise that of the referral')
  }
  const { keyset } = keysetInHeader(input.keyset, input.now)
  const { header, headerHash, ...sealed } = sealParts(
    [['message', input.content]],
    holdersOf(input.keyset.keyset, input),
    (sealedTo, commitments): MessageHeader => ({
      protocol,
      kind,
      origin: referral.header.origin,
      keyset,
      referralId: referral.header.referralId,
      messageId: input.messageId,
      from,
      signer: input.signer.kid,
      number: (last?.number ?? 0) + 1,
      previous: encodeBase64url(last?.envelopeHash ?? referral.envelopeHash),
      sealedTo,
      ...(urgency !== undefined && { urgency }),
      commitments: commitments as MessageHeader['commitments'],
    }),
    random,
  )
  const compartments = sealed.compartments as MessageEnvelope['compartments']
  const parts = { compartments, wraps: sealed.wraps }
  return { header, ...parts, signature: signParts(headerHash, parts, input.signer) }
}

/** Whether an urgency is below that of the referral, which no message may bring down. */
export function lowers(urgency: Urgency, { header }: Pick<Answered, 'header'>): boolean {
  return mostUrgent(urgency, header.urgency) !== urgency
}

/** What an answer to a referral is sealed to. @throws Refusal `reply-key-missing` where it takes none */
export function requireReplyTo({ replyTo }: Pick<Header, 'replyTo'>): ReplyTo {
  if (replyTo) return replyTo
  throw new Refusal('reply-key-missing', 'the referral came without a key to seal an answer to')
}

/**
 * Everyone that a message is sealed to.
 *
 * @throws Refusal `reply-key-missing`, `referral-invalid`
 */
export function holdersOf(
  { recipients }: Keyset,
  {
    kind,
    from,
    referral,
  }: Pick<MessageInput, 'kind' | 'from'> & { referral: Pick<Answered, 'header'> },
): Holder[] {
  const required = recipients
    .filter((recipient) => recipient.required)
    .map(({ kid, publicKey }): Holder => ({ kid, publicKey, compartments: ['message'] }))
  if (from === 'referrer') {
    if (kind === 'note') throw new Refusal('referral-invalid', 'only a recipient writes notes')
    return required
  }
  if (kind === 'note') return required
  const replyTo = requireReplyTo(referral.header)
  // A recipient that refers itself, by the telephone, may be the one that is answered.
  if (required.some(({ kid }) => kid === replyTo.kid)) return required
  return [...required, { ...replyTo, compartments: ['message'] }]
}
