/** Who gets which items: the hot statement of the queue. */
import type { PendingQuery, Row } from 'postgres'
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { openStates } from '../../referral/codes/state.ts'
import { claimReferralsMax } from '../lease.ts'
import { awake, isEscalated, isFree, isOpenHead, isQueued, wasParked } from '../state.ts'
import { isUnverified, itemUrgency } from './columns.ts'
import { type Filter, fits } from './filter.ts'

/** From which list, or, where one case is asked for, from either; and what of it. */
export type Among = { readonly list: 'queue' | 'escalated' | 'either'; readonly filter: Filter }

/** Where an item stands in the order of the queue. */
export type Place = { readonly dueAt: string; readonly id: string }

export type Holder = { readonly clientId: string; readonly recipient: string }

export type ItemRow = {
  id: string
  caseId: string
  referralIds: string[]
  fence: string
  urgency: Urgency
  dueAt: string
  leasedUntil: string
  unverified: boolean
}

/**
 * Leases the items with the earliest deadlines of which `holder.recipient` can open every unanswered
 * referral, and raises their fences.
 *
 * An item whose lease expired is claimable again at its old place, and the claim counts the lapse. SKIP
 * LOCKED passes over items that another claim is taking at this moment, so two claims never wait for each
 * other and never get the same item.
 *
 * @param among - An item whose last lease has expired is leased to nobody before the escalation is written down,
 * however many of them one claim leaves to the next. One case is leased also where it is parked.
 * @param from - the place before which nothing is looked for
 * @returns the items, earliest deadline first; how many of them had a lease that expired; and, if there are any, how
 * many entries of the queue's index it walked, dead ones included
 */
export async function leaseItems(
  tx: Tx,
  holder: Holder,
  max: number,
  leaseSeconds: number,
  { list, filter, from }: Among & { readonly from?: Place | undefined },
): Promise<{ items: ItemRow[]; lapsed: number; walked: number }> {
  const isAfter = from
    ? tx.sql`(item.due_at, item.id) >= (${from.dueAt}::timestamptz, ${from.id}::uuid)`
    : tx.sql`true`
  // PostgreSQL counts for a whole session. That the count is not null is looked at once, before the walk begins.
  const count = tx.sql`pg_stat_get_xact_tuples_returned('triage_item_order'::regclass)`
  const rows = await tx.sql<(ItemRow & { lapsed: boolean; walked: number })[]>`
    with counted as materialized (
      select ${count} as before
    ), next as materialized (
      select item.id, item.due_at, cardinality(item.referral_ids) as referrals,
             item.leased_until is not null as lapsed
      from triage_item item
      where (select before from counted) is not null
        and ${isAfter}
        and ${isClaimable(tx, holder.recipient, { list: isOn(tx, list), filter })}
      order by item.due_at, item.id
      limit ${constant(tx, max)}
      for update of item skip locked
    ), carried as (
      select id, sum(referrals) over (order by due_at, id) - referrals as before from next
    )
    update triage_item item
    set fence = item.fence + 1,
        lapses = item.lapses + (item.leased_until is not null)::int,
        leased_by = ${holder.clientId},
        claimed_at = ${tx.now.toISOString()},
        changed = false,
        ${awake(tx)},
        leased_until = date_trunc('milliseconds', now()) + make_interval(secs => ${leaseSeconds})
    where item.id = any (array (select id from carried where before < ${claimReferralsMax}))
    returning item.id, item.case_id as "caseId", item.referral_ids as "referralIds", item.fence,
              ${itemUrgency(tx)} as urgency, ${isUnverified(tx)} as unverified,
              ${iso(tx, 'item.due_at')} as "dueAt", ${iso(tx, 'item.leased_until')} as "leasedUntil",
              (select lapsed from next where next.id = item.id) as lapsed,
              (${count} - (select before from counted))::int as walked`
  // RETURNING gives its rows in no particular order.
  const items = byDeadline(rows.map(({ lapsed: _, walked: __, ...item }) => item))
  const lapsed = rows.filter(({ lapsed }) => lapsed).length
  return { items, lapsed, walked: rows[0]?.walked ?? 0 }
}

/** So many are as good as all: who looks for more looks again. */
const claimableMax = 10

/**
 * The first items that `leaseItems` would lease, or would once somebody's claim has written down that they are
 * escalated. In the order of the claim, so that it goes the claim's way through the queue.
 */
export async function selectClaimable(
  tx: Tx,
  recipient: string,
  { list, filter }: Among,
): Promise<string[]> {
  const isState = list === 'escalated' ? isEscalated(tx) : tx.sql`not ${isEscalated(tx)}`
  const isListed = list === 'either' ? isOn(tx, list) : tx.sql`${isQueued(tx)} and ${isState}`
  // Of one case, what is parked is among the others. Otherwise what was parked until now is so too.
  const isAwake = tx.sql`${wasParked(tx)} and item.parked_until <= now() and ${isState}`
  const rows = await tx.sql<{ id: string }[]>`
    (select item.id from triage_item item
     where ${isClaimable(tx, recipient, { list: isListed, filter })}
     order by item.due_at, item.id
     limit ${claimableMax})
    union
    (select item.id from triage_item item
     where ${isClaimable(tx, recipient, { list: isAwake, filter })}
     limit ${claimableMax})`
  return rows.map(({ id }) => id)
}

/** In the text: a plan for any number would be one for a tenth of the queue. There are at most `claimItemsMax` texts. */
function constant(tx: Tx, count: number) {
  return tx.sql.unsafe(String(Math.trunc(count)))
}

type Claimable = { readonly list: PendingQuery<Row[]>; readonly filter: Filter }

function isClaimable(tx: Tx, recipient: string, { list, filter }: Claimable) {
  return tx.sql`
    ${list} and ${isFree(tx)} and ${fits(tx, filter)}
    and ${isOpenable(tx, recipient)}`
}

/** In the order of the queue. */
export function byDeadline(rows: readonly ItemRow[]): ItemRow[] {
  return [...rows].sort((a, b) => compare(a.dueAt, b.dueAt) || compare(a.id, b.id))
}

function isOn(tx: Tx, list: Among['list']) {
  const [isWritten, isWaiting] = [
    tx.sql`item.escalated_at is not null`,
    tx.sql`not ${isEscalated(tx)}`,
  ]
  if (list === 'either') return tx.sql`${isOpenHead(tx)} and (${isWritten} or ${isWaiting})`
  return tx.sql`${isQueued(tx)} and ${list === 'escalated' ? isWritten : isWaiting}`
}

/** Whether a client that is bound to `kid` may claim it by that key. */
export function isOpenable(tx: Tx, kid: string | ReturnType<Tx['sql']>) {
  return tx.sql`(${opensAll(tx, tx.sql`${kid}`)} or ${opensWhatNobodyOpensWhole(tx, kid)})`
}

/** Whether a client may claim it, by any of its keys. */
export function isOpenableBy(tx: Tx, clientId: string) {
  return tx.sql`exists (
    select from client c cross join unnest(c.kids) as own (kid)
    where c.id = ${clientId} and ${isOpenable(tx, tx.sql`own.kid`)})`
}

/**
 * Whether a client opens each unanswered referral of `item` that is `listed`. Of an item of one referral it does: it
 * holds it. A case that was joined since may hold others, which it was not handed.
 */
export function opensListed(tx: Tx, clientId: string, listed: PendingQuery<Row[]>) {
  return tx.sql`(
    cardinality(item.referral_ids) = 1
    or not exists (
      select from referral r
      where r.id = any (item.referral_ids) and r.id::text = any (${listed})
        and r.state = any (${[...openStates]}::text[])
        and not exists (select from wrap w join client c on w.kid = any (c.kids)
                        where w.referral_id = r.id and c.id = ${clientId})))`
}

/** The unanswered referrals that are worked on as `item`: its own, and those of its open members. */
function openReferrals(tx: Tx) {
  return tx.sql`unnest(item.referral_id || array(
    select member.referral_id from triage_item member
    where member.merged_into = item.id and member.completed_at is null)) as open (id)`
}

/** Whether `kid` opens all of them. Answered referrals do not count: their keys may be gone by now. */
function opensAll(tx: Tx, kid: ReturnType<Tx['sql']>) {
  return tx.sql`not exists (
    select from ${openReferrals(tx)}
    where not exists (select from wrap w where w.referral_id = open.id and w.kid = ${kid}))`
}

/**
 * The rare case: after keys were exchanged, a case may hold referrals that no single key of any client
 * opens. Such an item would be claimable by nobody. Whoever opens some of its referrals may claim it, with
 * those; its completion puts the others on the queue again, for their own reader.
 *
 * It is part of the claim's own statement because such an item has its place among the others. A statement
 * of its own would either run first, and cost every claim a second walk of the queue, or run when the claim
 * has room left, and then the item waits for as long as the queue is never empty, however urgent it is. Here
 * it costs nothing for an item that the key opens whole, and little for one of a single referral.
 */
function opensWhatNobodyOpensWhole(tx: Tx, kid: string | ReturnType<Tx['sql']>) {
  return tx.sql`(
    cardinality(item.referral_ids) > 1
    and exists (select from ${openReferrals(tx)}
                join wrap w on w.referral_id = open.id and w.kid = ${kid})
    and not exists (select from client c join organisation o on o.id = c.organisation_id
                    cross join unnest(c.kids) as held (kid)
                    where c.disabled_at is null and o.disabled_at is null and 'triage:work' = any (c.scopes)
                      and ${opensAll(tx, tx.sql`held.kid`)}))`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
