/** What becomes of referrals: the states they are in, and what their referrers see of that. */
import type { Tx } from '../database/connect.ts'
import { epochOf } from '../database/epoch.ts'
import { iso } from '../database/iso.ts'
import { receiptMark } from '../database/mark.ts'
import type { Place } from '../database/page.ts'
import {
  type DeclineReason,
  type ShownState,
  type State,
  statesBefore,
} from '../referral/codes/state.ts'

/** A referral as its referrer sees it; the reason for which it was declined not everybody is told (states.ts). */
export type OwnRow = {
  readonly referralId: string
  readonly organisationId: string | null
  readonly receiptHash: Uint8Array | null
  readonly reference: string
  readonly receivedAt: string
  readonly state: ShownState
  readonly shownAt: string
  readonly declineReason: DeclineReason | null
  /** As it was signed. */
  readonly header: Uint8Array
  readonly supersedes: string | null
  readonly withdrawalAskedAt: string | null
  readonly withdrawalDeclinedAt: string | null
  readonly keptUntil: string | null
  /** How many messages by recipients it has not opened, and nobody read to whom it is about. */
  readonly unread: number
}

function own(tx: Tx) {
  return tx.sql`
    select r.id as "referralId", r.organisation_id as "organisationId",
           r.receipt_hash as "receiptHash", r.reference, ${iso(tx, 'r.received_at')} as "receivedAt",
           r.shown_state as state, ${iso(tx, 'r.shown_at')} as "shownAt",
           r.decline_reason as "declineReason", r.header, r.supersedes,
           ${iso(tx, 'w.asked_at')} as "withdrawalAskedAt",
           case when w.decision = 'declined' then ${iso(tx, 'w.decided_at')} end as "withdrawalDeclinedAt",
           case when w.decision is distinct from 'declined' then ${iso(tx, 'w.kept_until')} end as "keptUntil",
           ${unreadOf(tx, 'recipient')} as unread
    from referral r left join withdrawal w on w.referral_id = r.id`
}

/** How many messages by one side about the referral `r` the caller does not see to have reached the other. */
export function unreadOf(tx: Tx, side: 'referrer' | 'recipient') {
  return tx.sql`(
    select count(*)::int from message m
    where m.referral_id = r.id and m.side = ${side} and not exists (
      select from message_delivery d where d.referral_id = m.referral_id and d.place = m.place))`
}

/**
 * Referrals under one receipt, the newest first, also what was erased, by what is left of it. Found by the indexes;
 * whoever asks compares once more.
 *
 * @param which - at most `count` behind a place, or one
 */
export function selectByReceipt(
  tx: Tx,
  hash: Uint8Array,
  which: { readonly after?: Place | undefined; readonly count: number } | { readonly id: string },
): Promise<OwnRow[]> {
  const { sql } = tx
  const { after, count, id } = { after: undefined, count: 1, id: undefined, ...which }
  return sql<OwnRow[]>`
    ${own(tx)}
    where (r.receipt_hash = ${hash}
           or r.id = any (array(select e.referral_id from erasure e
                                where e.receipt_mark = ${receiptMark(tx, sql`${hash}`)})))
      and ${id === undefined ? sql`true` : sql`r.id = ${id}`}
      and ${after ? sql`(r.received_at, r.id) < (${after.at}, ${after.id})` : sql`true`}
    order by r.received_at desc, r.id desc
    limit ${count}`
}

/** One referral of an organisation, by its id or its reference. */
export async function selectOwn(
  tx: Tx,
  organisationId: string,
  named: { readonly id: string } | { readonly reference: string },
): Promise<OwnRow | undefined> {
  const isNamed =
    'id' in named ? tx.sql`r.id = ${named.id}` : tx.sql`r.reference = ${named.reference}`
  const [row] = await tx.sql<OwnRow[]>`
    ${own(tx)} where ${isNamed} and r.organisation_id = ${organisationId}`
  return row
}

/** Behind which referral a reader of states stands: the transaction that last changed what it shows, and its id. */
export type ShownPlace = { readonly shownBy: string; readonly id: string }

type Shown = {
  /** Of another one a place says nothing. */
  readonly epoch: string
  readonly rows: readonly (OwnRow & { readonly shownBy: string })[]
}

/**
 * The referrals of an organisation whose shown state came behind a place, each as it is now, in the order in which
 * nothing is missed.
 */
export async function selectShown(
  tx: Tx,
  organisationId: string,
  after: ShownPlace,
  count: number,
): Promise<Shown> {
  const rows = await tx.sql<
    (Omit<Shown, 'rows'> & (Shown['rows'][number] | { referralId: null }))[]
  >`
    select here.epoch, shown.*
    from (select ${epochOf(tx, 'referral')} as epoch from pg_control_system()) here
    left join lateral (
      select own.*, placed.shown_by::text as "shownBy"
      from referral placed cross join lateral (
        ${own(tx)} where r.id = placed.id) own
      where placed.organisation_id = ${organisationId}
        and (placed.shown_by, placed.id) > (${after.shownBy}::bigint, ${after.id}::uuid)
        and placed.shown_by < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      order by placed.shown_by, placed.id
      limit ${count}) shown on true`
  const [first] = rows
  if (!first) throw new Error('the server gave no snapshot')
  return { epoch: first.epoch, rows: rows.flatMap((row) => (row.referralId === null ? [] : [row])) }
}

/**
 * Referrals that came with a backup of another cluster have transactions that this one has not reached, and would be
 * shown to nobody until it does: they count as changed now. Returns how many there were.
 */
export async function renumberShown(tx: Tx, max: number): Promise<number> {
  const { count } = await tx.sql`
    update referral set shown_by = pg_current_xact_id()::text::bigint
    where id = any (array(
      select ahead.id from organisation o cross join lateral (
        select r.id from referral r
        where r.organisation_id = o.id
          and r.shown_by >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        limit ${max}) ahead))`
  return count
}

/** States from which `state` may be reached, as a list in a statement. */
export function before(tx: Tx, state: State) {
  return tx.sql`any (${statesBefore(state)}::text[])`
}

/** First claimed: what was `received` is now `in_triage`. */
export async function updateBegun(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.sql`
    update referral set state = 'in_triage'
    where id = any (${ids as string[]}::uuid[]) and state = 'received'`
}

/** Returned for information, and the information came: it is looked at again. @returns whether it was returned */
export async function updateInformed(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.sql`
    update referral set state = 'in_triage'
    where id = ${id} and state = 'returned_for_information'`
  return count > 0
}

/**
 * They have no answer any more. Those that came without an account and were never handed out wait to be opened
 * again, by themselves: from which block they came is forgotten.
 */
export async function updateUnanswered(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.sql`
    with again as (
      update referral set state = 'in_triage', decline_reason = null
      where id = any (${ids as string[]}::uuid[]) and state = ${before(tx, 'in_triage')}
      returning id, receipt_hash
    )
    insert into unopened (referral_id)
    select again.id from again
    where again.receipt_hash is not null and not exists (
      select from audit_entry e
      where e.object_id = again.id::text and e.action = 'referral.opened' and e.outcome = 'permitted')`
}

/** The state that a referral is in, for staff. */
export async function selectState(tx: Tx, id: string): Promise<State | undefined> {
  const [row] = await tx.sql<{ state: State }[]>`select state from referral where id = ${id}`
  return row?.state
}

/** Moves those to `state` that may go there. @returns their ids */
export async function updateState(
  tx: Tx,
  ids: readonly string[],
  state: Exclude<State, 'erased'>,
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    update referral set state = ${state}
    where id = any (${ids as string[]}::uuid[]) and state = ${before(tx, state)}
    returning id`
  return rows.map(({ id }) => id)
}

/**
 * The part of a statement that gives referrals their answers, where `held` says which: the `outcome` and `reason` for
 * its `referrals`. One that was answered before keeps the first; of the others the ids are in `answered`.
 */
export function answering(tx: Tx) {
  return tx.sql`
    said as materialized (
      select unnest(held.referrals) as id, held.outcome, held.reason from held
    ), opened as (
      -- One that came to a case after its claim may be answered without being handed out.
      delete from unopened where referral_id = any (array (select said.id from said))
    ), answered as (
      update referral
      set state = (select said.outcome from said where said.id = referral.id),
          decline_reason = (select said.reason from said where said.id = referral.id)
      where referral.id = any (array (select said.id from said))
        and referral.state = ${before(tx, 'accepted')}
      returning referral.id
    )`
}
