/**
 * Messages about one referral, between whoever sent it and its recipients: stored sealed, each the next of its chain, and
 * handed to the other side. What a referrer writes tells nobody's transaction but its own: the queue hears of it by a
 * step of the service (settling.ts).
 */

import type { Act } from '../audit/entry.ts'
import { append } from '../audit/service.ts'
import { type KnownCaller, type SendingCaller, senderOf } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { ownSigner, requireMessageSealed, requireNoteWriter } from '../directory/service.ts'
import { uploadedOf } from '../documents/service.ts'
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url, equalBytes } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import {
  checkMessage,
  checkMessageSigned,
  requireNextMessage,
  type ThreadEnd,
} from '../protocol/messages/check.ts'
import { type MessageEnvelope, notesPageMax } from '../protocol/messages/message.ts'
import { noteHash } from '../protocol/messages/note.ts'
import { newId } from '../protocol/uuid.ts'
import {
  requireId,
  requireKid,
  requireStanding,
  type SignedReferral,
  showAgain,
  signedByOwn,
  signedFor,
} from '../vault/service.ts'
import type { DeliveryQuery, MessageAcknowledgement, Messages, SendingQuery } from './schemas.ts'
import {
  countUnread,
  insertDeliveries,
  insertMessage,
  type Kept,
  lockThread,
  type Side,
  selectEnd,
  selectMessages,
  selectReply,
  selectSame,
} from './store.ts'

export { createSettling } from './settling.ts'

/** So many messages of a referrer about one referral wait to be read, those that were read today among them. */
export const unreadMax = 20

/** What the doors of messages need. */
export type MessageOptions = {
  readonly origin: string
  /** The entry of an act that says again what was said, which may be summed. */
  readonly appendRepetition: (tx: Tx<SendingCaller>, act: Act) => Promise<void>
}

/** A referral, and on which side of it the caller is. */
type Thread = { readonly referral: SignedReferral; readonly side: Side; readonly kid?: string }

/**
 * Stores a message about a referral that the caller sent, or that it opens with `recipient`. The very bytes of one that is
 * stored are a repetition.
 *
 * @returns its acknowledgement, and whether it was stored now
 * @throws Refusal `not-found`, `erased`, `messages-unread`, `message-not-next`, and as `checkMessage`,
 *   `checkMessageSigned` and `requireMessageSealed`
 */
export async function sendMessage(
  tx: Tx<SendingCaller>,
  { origin, appendRepetition }: MessageOptions,
  name: string,
  message: MessageEnvelope,
  { recipient, ...mark }: SendingQuery = {},
): Promise<{ created: boolean; acknowledgement: MessageAcknowledgement }> {
  const thread = await threadOf(tx, name, recipient)
  const { referral, side, kid } = thread
  const { referralId, parts } = referral
  const envelope = checkMessage(message, { origin, header: parts.header, from: side })
  requireMark(side, mark)
  // Two that write at once do so one behind the other, and who erases a referral waits for neither of them.
  await lockThread(tx, referralId)
  const { messageId, number, urgency } = message.header
  const act = sentEntry(referralId, kid, { number, from: side })
  const same = await selectSame(tx, referralId, { messageId, side, number })
  const before = same.find((row) => equalBytes(row.envelope, envelope))
  if (before) {
    await appendRepetition(tx, { ...act, details: { ...act.details, repeated: true } })
    const { storedAt, entryId } = before
    return { created: false, acknowledgement: { referralId, messageId, number, storedAt, entryId } }
  }
  checkMessageSigned(message, await signersOf(tx, thread, message))
  await requireRoom(tx, thread)
  await requireMessageSealed(tx, message.header, parts.header)
  const end = await selectEnd(tx, referralId, side)
  requireNextMessage(message, endOf(referral, end.envelope))
  if (same.length > 0) {
    throw new Refusal('malformed-request', 'header.messageId is that of another message')
  }
  const entryId = newId()
  const made = { referralId, messageId, number, entryId }
  await insertMessage(tx, { ...made, ...mark, urgency, place: end.places + 1, side, envelope })
  // Now that it stands: who erases the referral waits for it, or was waited for.
  await requireStanding(tx, referralId)
  if (side === 'recipient') await showAgain(tx, referralId)
  await append(tx, act, entryId)
  return { created: true, acknowledgement: { ...made, storedAt: tx.now.toISOString() } }
}

/**
 * A page of the messages about a referral, of both sides. Those of the other side count as opened from now on.
 *
 * @param leaveUnread - they do not: what a client fetches for something else nobody has read. The log has who was given them all
 *   the same
 * @throws Refusal `not-found`, `erased`; `insufficient-scope` for a client that may have copies alone, and does not leave them unread
 */
export async function readMessages(
  tx: Tx<SendingCaller>,
  { appendRepetition }: Pick<MessageOptions, 'appendRepetition'>,
  name: string,
  {
    recipient,
    after = 0,
    leaveUnread = false,
  }: {
    readonly recipient?: string
    readonly after?: number
    readonly leaveUnread?: boolean
  },
): Promise<Messages> {
  const isCopy = !mayMark(tx.caller)
  if (isCopy && !leaveUnread) {
    throw new Refusal('insufficient-scope', 'this needs the scope messages:write, or leaveUnread')
  }
  const { referral, side, kid } = await threadOf(tx, name, recipient)
  const { referralId, parts } = referral
  const { envelope } = await selectEnd(tx, referralId, side)
  const end = endOf(referral, envelope)
  const found = await selectMessages(tx, referralId, after, notesPageMax + 1)
  const page = found.slice(0, notesPageMax)
  const last = found.length > notesPageMax ? page.at(-1) : undefined
  const unopened = page.filter((one) => one.side !== side && one.openedAt === null)
  const places = unopened.map(({ place }) => place)
  const entryId = newId()
  const opened = leaveUnread
    ? 0
    : await insertDeliveries(tx, referralId, places, { way: 'opened', entryId })
  const act: Act = {
    ...{ action: 'messages.read', object: { kind: 'referral', id: referralId } },
    ...(kid !== undefined && { recipient: kid }),
    details: { messages: page.length, opened },
  }
  await (places.length > 0 || isCopy ? append(tx, act, entryId) : appendRepetition(tx, act))
  return {
    referralId,
    ...(side === 'referrer' && { signed: parts }),
    messages: page.map((one) => present(one, side)),
    uploaded: await uploadedOf(tx, referralId),
    ...(end.number > 0 && {
      last: { number: end.number, envelopeHash: encodeBase64url(end.envelopeHash) },
    }),
    ...(last && { next: last.place }),
  }
}

/**
 * Notes that a reply was read aloud, or handed over as a letter. Safe to repeat: the first time stands.
 *
 * @throws Refusal `not-found` for what is no reply about a referral that `recipient` opens
 */
export async function deliver(
  tx: Tx<KnownCaller>,
  name: string,
  messageId: string,
  { recipient, way, language }: DeliveryQuery,
): Promise<void> {
  const { referral } = await threadOf(tx, name, recipient)
  const { referralId } = referral
  const place = await selectReply(tx, referralId, messageId)
  if (place === undefined) {
    throw new Refusal('not-found', `there is no reply ${messageId} about ${referralId}`)
  }
  const entryId = newId()
  const isNew = (await insertDeliveries(tx, referralId, [place], { way, language, entryId })) > 0
  if (isNew) await showAgain(tx, referralId)
  const object = { kind: 'referral', id: referralId } as const
  const details = { message: messageId, way, language, ...(!isNew && { repeated: true }) }
  await append(tx, { action: 'message.delivered', object, recipient, details }, entryId)
}

async function threadOf(
  tx: Tx<SendingCaller>,
  name: string,
  kid: string | undefined,
): Promise<Thread> {
  if (kid === undefined) {
    const referral = await signedByOwn(tx, name)
    if (referral) return { referral, side: 'referrer' }
    throw new Refusal('not-found', 'you sent no referral of that name')
  }
  if (!isKnown(tx)) throw new Error('a bearer has no recipient key')
  requireKid(tx, kid)
  const id = await requireId(tx, name)
  const referral = await signedFor(tx, id, kid)
  if (referral) return { referral, side: 'recipient', kid }
  throw new Refusal('not-found', `no referral ${id} for that key`)
}

/** Who may have copies of cases, and no more, changes nothing that others see. */
function mayMark(caller: SendingCaller): boolean {
  return !('scopes' in caller) || caller.scopes.has('messages:write')
}

function isKnown(tx: Tx<SendingCaller>): tx is Tx<KnownCaller> {
  return 'clientId' in tx.caller
}

/** The keys that sign for the caller: of its recipient, of its organisation today, or that came with the referral. */
async function signersOf(
  tx: Tx<SendingCaller>,
  { referral, kid }: Thread,
  { header }: MessageEnvelope,
): Promise<Uint8Array[]> {
  if (kid !== undefined) {
    const writer = await requireNoteWriter(tx, header)
    if (writer.kid !== kid) {
      throw new Refusal('unknown-signer', 'header.signer is not the key of the recipient named')
    }
    return [decodeBase64url(writer.signingKey, 32)]
  }
  const { replyTo } = referral.parts.header
  const sender = senderOf(tx.caller)
  const own = sender.kind === 'organisation' ? await ownSigner(tx, sender.id, header) : undefined
  return [...(own ? [own] : []), ...(replyTo ? [decodeBase64url(replyTo.signingKey, 32)] : [])]
}

function requireMark(side: Side, { deliver, language }: Omit<SendingQuery, 'recipient'>): void {
  if (side === 'referrer' && (deliver !== undefined || language !== undefined)) {
    throw new Refusal('malformed-request', 'deliver and language are of replies by a recipient')
  }
  if ((deliver === undefined) === (language === undefined)) return
  throw new Refusal('malformed-request', 'deliver and language are given together')
}

/** Counted by what the referrer is shown: freed with each reading, it would tell when that was. */
async function requireRoom(tx: Tx, { referral, side }: Thread): Promise<void> {
  if (side === 'recipient' || (await countUnread(tx, referral.referralId, side)) < unreadMax) return
  const detail = `${unreadMax} messages about this referral have still to be read, or were read today`
  throw new Refusal('messages-unread', detail)
}

/** The hash of the newest is made of the bytes that readers are shown: whatever has become of them, the chain goes on. */
function endOf({ envelopeHash }: SignedReferral, envelope: Uint8Array | null): ThreadEnd {
  if (!envelope) return { number: 0, envelopeHash }
  const newest = messageIn(envelope)
  return { number: newest.header.number, envelopeHash: noteHash(newest) }
}

function sentEntry(id: string, kid: string | undefined, details: { number: number; from: Side }) {
  const object = { kind: 'referral', id } as const
  const recipient = kid !== undefined && { recipient: kid }
  return { action: 'message.sent', object, ...recipient, details } as const
}

/** Of its own messages a referrer sees on which day they were opened, and recipients of all when. */
function present(kept: Kept, reader: Side): Messages['messages'][number] {
  const { place, side, at, entryId, deliver, language, openedAt, openedOn, deliveredAt } = kept
  const { deliveredBy, deliveredIn } = kept
  const isDay = reader === 'referrer' && side === 'referrer'
  return {
    ...{ place, at, entryId, message: messageIn(kept.envelope) },
    ...(openedAt !== null && !isDay && { openedAt }),
    ...(openedOn !== null && isDay && { openedOn }),
    ...(deliver !== null && { deliver }),
    ...(language !== null && { language }),
    ...(deliveredAt !== null && { deliveredAt }),
    ...(deliveredBy !== null && { deliveredBy }),
    ...(deliveredIn !== null && { deliveredIn }),
  }
}

function messageIn(envelope: Uint8Array): MessageEnvelope {
  return parseCanonical(envelope) as MessageEnvelope
}
