import type { Static } from 'typebox'
import * as Type from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { SignedParts } from '../protocol/envelope/signed.ts'
import { MessageEnvelope, notesMax, notesPageMax } from '../protocol/messages/message.ts'
import { ways } from '../referral/codes/delivery.ts'
import { Bytes32, Instant, Kid, Uuid } from '../referral/format.ts'

const Language = Type.String({
  pattern: '^[a-z]{3}$',
  description: 'A language, by its code of ISO 639-3',
})

const recipient = {
  ...Kid,
  description: 'The recipient key acted for; left out by who sent the referral.',
}

const after = Type.Integer({
  ...{ minimum: 0, maximum: 2 * notesMax, default: 0 },
  description: 'The place of the last message that was read.',
})

const leaveUnread = Type.Boolean({
  description:
    'Those of the other side stay unread: nobody reads them now, as where only their documents are looked for.',
})

/** Which referral, by its id or its reference. */
export const MessagesParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)

/** Which page of its messages, and for whom. */
export const MessagesQuery = Type.Object(
  {
    recipient: Type.Optional(recipient),
    after: Type.Optional(after),
    leaveUnread: Type.Optional(leaveUnread),
  },
  { additionalProperties: false },
)

/** For whom a message is, and how a reply is to be delivered. */
export const SendingQuery = Type.Object(
  {
    recipient: Type.Optional(recipient),
    deliver: Type.Optional(
      Type.Enum(ways, {
        description: 'Of a reply: that it is to be read aloud, or sent as a letter',
      }),
    ),
    language: Type.Optional(Language),
  },
  { additionalProperties: false },
)
export type SendingQuery = Static<typeof SendingQuery>

/** Which message of a referral. */
export const DeliveryParams = Type.Object(
  { referralId: IdOrReference, messageId: Uuid },
  { additionalProperties: false },
)

/** By whose recipient, how, and in which language it was delivered. */
export const DeliveryQuery = Type.Object(
  { recipient: Kid, way: Type.Enum(ways), language: Language },
  { additionalProperties: false },
)
export type DeliveryQuery = Static<typeof DeliveryQuery>

/** Which referral of a receipt. */
export const ReceiptMessagesQuery = Type.Object(
  { referral: Uuid, after: Type.Optional(after), leaveUnread: Type.Optional(leaveUnread) },
  { additionalProperties: false },
)

/** Of which referral of a receipt a message is. */
export const ReceiptSendingQuery = Type.Object({ referral: Uuid }, { additionalProperties: false })

/** A message that is stored. */
export const MessageAcknowledgement = Type.Object({
  referralId: Uuid,
  messageId: Uuid,
  number: Type.Integer({ minimum: 1, maximum: notesMax }),
  storedAt: Instant,
  entryId: { ...Uuid, description: 'The entry of the access log that names who sent it.' },
})
export type MessageAcknowledgement = Static<typeof MessageAcknowledgement>

/** A message with what became of it. */
const KeptMessage = Type.Object({
  place: Type.Integer({ minimum: 1, description: 'Counts from 1 in each referral, of both sides' }),
  at: Instant,
  entryId: { ...Uuid, description: 'The entry of the access log that names who sent it.' },
  message: MessageEnvelope,
  openedAt: Type.Optional(
    Type.Unsafe<string>({
      ...Instant,
      description: 'When the other side was first given it to read.',
    }),
  ),
  openedOn: Type.Optional(
    Type.String({
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
      description:
        'To a referrer of its own: the day in London on which a recipient was first given it to read, from the next day on.',
    }),
  ),
  deliver: Type.Optional(Type.Enum(ways)),
  language: Type.Optional(Language),
  deliveredAt: Type.Optional(
    Type.Unsafe<string>({ ...Instant, description: 'When it was read aloud or handed over.' }),
  ),
  deliveredIn: Type.Optional(Language),
  deliveredBy: Type.Optional(Type.Enum(ways)),
})

/** A page of the messages about one referral, of both sides, in the order in which they came. */
export const Messages = Type.Object({
  referralId: Uuid,
  signed: Type.Optional(SignedParts),
  messages: Type.Array(KeptMessage, { maxItems: notesPageMax }),
  uploaded: Type.Array(Uuid, {
    description:
      'The documents about the referral that are stored whole. One that is named and not among them is not uploaded yet.',
  }),
  last: Type.Optional(
    Type.Object(
      { number: Type.Integer({ minimum: 1, maximum: notesMax }), envelopeHash: Bytes32 },
      { description: 'The newest of your own side, behind which you seal the next.' },
    ),
  ),
  next: Type.Optional(
    Type.Integer({ minimum: 1, description: '`after` of the next page; absent at the end.' }),
  ),
})
export type Messages = Static<typeof Messages>
