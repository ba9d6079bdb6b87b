/** The messages about each referral, in the order in which they came: kept as they are, never changed. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { Urgency } from '../referral/codes/clear.ts'
import type { Way } from '../referral/codes/delivery.ts'

export type Side = 'referrer' | 'recipient'

/** Waits for whoever writes a message about the same referral, until that transaction ends. */
export async function lockThread(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`select pg_advisory_xact_lock(hashtextextended('messages ' || ${referralId}, 0))`
}

export type NewMessage = {
  readonly referralId: string
  readonly place: number
  readonly side: Side
  readonly number: number
  readonly messageId: string
  readonly envelope: Uint8Array
  readonly urgency: Urgency | undefined
  readonly entryId: string
  readonly deliver?: Way | undefined
  readonly language?: string | undefined
}

/** Adds one at the end. How a reply is to be delivered, a referrer has no right to say. */
export async function insertMessage(tx: Tx, message: NewMessage): Promise<void> {
  const { deliver, language } = message
  await tx.sql`
    insert into message ${tx.sql({
      referral_id: message.referralId,
      place: message.place,
      side: message.side,
      number: message.number,
      message_id: message.messageId,
      envelope: message.envelope,
      urgency: message.urgency ?? null,
      stored_at: tx.now.toISOString(),
      entry_id: message.entryId,
      ...(deliver !== undefined && { deliver }),
      ...(language !== undefined && { language }),
    })}`
}

/** How many there are, and the newest of one side. */
export async function selectEnd(tx: Tx, referralId: string, side: Side) {
  const [row] = await tx.sql<{ places: number; envelope: Uint8Array | null }[]>`
    select coalesce(max(m.place), 0)::int as places,
           (select own.envelope from message own
            where own.referral_id = ${referralId} and own.side = ${side}
            order by own.number desc limit 1) as envelope
    from message m where m.referral_id = ${referralId}`
  return row ?? { places: 0, envelope: null }
}

/** A message of that id or that number from that side, if there is one. */
export async function selectSame(
  tx: Tx,
  referralId: string,
  { messageId, side, number }: Pick<NewMessage, 'messageId' | 'side' | 'number'>,
) {
  return tx.sql<
    { messageId: string; number: number; envelope: Uint8Array; storedAt: string; entryId: string }[]
  >`
    select message_id as "messageId", number, envelope, ${iso(tx, 'stored_at')} as "storedAt",
           entry_id as "entryId"
    from message
    where referral_id = ${referralId}
      and (message_id = ${messageId} or (side = ${side} and number = ${number}))`
}

/** How many of one side the caller does not see to have reached the other. */
export async function countUnread(tx: Tx, referralId: string, side: Side): Promise<number> {
  const [row] = await tx.sql<[{ count: number }]>`
    select count(*)::int as count from message m
    where m.referral_id = ${referralId} and m.side = ${side} and not exists (
      select from message_delivery d where d.referral_id = m.referral_id and d.place = m.place)`
  return row.count
}

/** A message with what the caller sees to have become of it. */
export type Kept = {
  readonly place: number
  readonly side: Side
  readonly at: string
  readonly entryId: string
  readonly envelope: Uint8Array
  readonly deliver: Way | null
  readonly language: string | null
  readonly openedAt: string | null
  readonly openedOn: string | null
  readonly deliveredAt: string | null
  readonly deliveredBy: Way | null
  readonly deliveredIn: string | null
}

/** Those behind the place `after`, at most `count`. */
export async function selectMessages(
  tx: Tx,
  referralId: string,
  after: number,
  count: number,
): Promise<Kept[]> {
  return tx.sql<Kept[]>`
    select m.place, m.side, m.envelope, m.entry_id as "entryId", ${iso(tx, 'm.stored_at')} as at, m.deliver, m.language,
           ${iso(tx, 'o.at')} as "openedAt",
           to_char(o.at at time zone 'Europe/London', 'YYYY-MM-DD') as "openedOn",
           ${iso(tx, 'd.at')} as "deliveredAt", d.way as "deliveredBy", d.language as "deliveredIn"
    from message m
    left join message_delivery o
      on o.referral_id = m.referral_id and o.place = m.place and o.way = 'opened'
    left join lateral (
      select * from message_delivery said
      where said.referral_id = m.referral_id and said.place = m.place and said.way <> 'opened'
      order by said.at, said.way limit 1) d on true
    where m.referral_id = ${referralId} and m.place > ${after}
    order by m.place
    limit ${count}`
}

/** That these reached the other side, each at the first time. @returns how many do now */
export async function insertDeliveries(
  tx: Tx,
  referralId: string,
  places: readonly number[],
  { way, language, entryId }: { way: 'opened' | Way; language?: string; entryId: string },
): Promise<number> {
  if (places.length === 0) return 0
  const { count } = await tx.sql`
    insert into message_delivery ${tx.sql(
      places.map((place) => ({
        ...{ referral_id: referralId, place, way, language: language ?? null },
        ...{ at: tx.now.toISOString(), entry_id: entryId },
      })),
    )}
    on conflict do nothing`
  return count
}

/** The place of a recipient's message, by its id. */
export async function selectReply(
  tx: Tx,
  referralId: string,
  messageId: string,
): Promise<number | undefined> {
  const [row] = await tx.sql<{ place: number }[]>`
    select place from message
    where referral_id = ${referralId} and message_id = ${messageId} and side = 'recipient'`
  return row?.place
}

/** A message that the queue has not been told of. */
export type Unsettled = {
  readonly referralId: string
  readonly place: number
  readonly urgency: Urgency | null
}

/** The oldest, but for those about `passed`; not locked, for its item is to be locked first. */
export async function selectUnsettled(
  tx: Tx,
  passed: readonly string[],
): Promise<Unsettled | undefined> {
  const [row] = await tx.sql<Unsettled[]>`
    select referral_id as "referralId", place, urgency from message
    where side = 'referrer' and settled_at is null
      and referral_id <> all (${passed as string[]}::uuid[])
    order by stored_at
    limit 1`
  return row
}

/** Notes that the queue was told. */
export async function settle(tx: Tx, { referralId, place }: Unsettled): Promise<void> {
  await tx.sql`
    update message set settled_at = ${tx.now.toISOString()}
    where referral_id = ${referralId} and place = ${place}`
}
