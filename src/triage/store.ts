import type { Tx } from '../database/connect.ts'
import type { Place } from '../database/page.ts'
import type { Urgency } from '../referral/codes/clear.ts'
import { dueAt, standingUrgency } from './deadline-store.ts'
import { claimReferralsMax, escalatedItemsMax, lapsesMax } from './lease.ts'

export type NewItem = {
  readonly id: string
  readonly caseId: string
  readonly referralId: string
  readonly urgency: Urgency
  /** A day, `yyyy-mm-dd`. */
  readonly respondBy: string | undefined
}

/** Puts it at its place by `dueAt`. Without RETURNING: the referrer may not see the queue. */
export async function insertItem(tx: Tx, item: NewItem): Promise<void> {
  await tx.sql`
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             respond_by, own_due_at, due_at)
    select ${item.id}, ${item.caseId}, ${item.referralId}, array[${item.referralId}::uuid],
           arrived_at, urgency, respond_by, due_at, due_at
    from (select item.*, ${dueAt(tx)} as due_at
          from (select ${tx.now.toISOString()}::timestamptz as arrived_at,
                       ${item.urgency}::text as urgency,
                       ${item.respondBy ?? null}::date as respond_by) item) place`
}

export type Holder = { readonly clientId: string; readonly recipient: string }

type ItemRow = {
  id: string
  caseId: string
  referralIds: string[]
  fence: string
  urgency: Urgency
  dueAt: string
  leasedUntil: string
}

/**
 * Leases the earliest due items of which `holder.recipient` can open every referral that has no
 * answer yet, and raises their fences.
 *
 * A lease that ran out needs no sweeper: its item is simply claimable again, at its old place, one
 * lapse poorer. SKIP LOCKED passes over what another claim is taking this instant.
 *
 * @param escalated - whether to lease only from the escalated items
 */
export async function leaseItems(
  tx: Tx,
  holder: Holder,
  count: number,
  leaseSeconds: number,
  escalated: boolean,
): Promise<ItemRow[]> {
  const rows = await tx.sql<ItemRow[]>`
    with next as materialized (
      select item.id, item.due_at, cardinality(item.referral_ids) as referrals
      from triage_item item
      where item.completed_at is null
        and item.merged_into is null
        and (item.escalated_at is not null) = ${escalated}
        and (item.leased_until is null or item.leased_until <= now())
        and (${opensAll(tx, tx.sql`${holder.recipient}`)}
             or ${opensWhatNobodyOpensWhole(tx, holder.recipient)})
      order by item.due_at, item.id
      limit ${count}
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
        leased_until = date_trunc('milliseconds', now()) + make_interval(secs => ${leaseSeconds})
    where item.id = any (array (select id from carried where before < ${claimReferralsMax}))
    returning item.id, item.case_id as "caseId", item.referral_ids as "referralIds", item.fence,
              ${standingUrgency(tx)} as urgency,
              ${iso(tx, 'due_at')} as "dueAt", ${iso(tx, 'leased_until')} as "leasedUntil"`
  // RETURNING answers in no order of its own.
  return [...rows].sort((a, b) => compare(a.dueAt, b.dueAt) || compare(a.id, b.id))
}

/** The referrals without an answer that are worked on as `item`; it says so for each row by itself. */
function openReferrals(tx: Tx) {
  return tx.sql`unnest(item.referral_id || array(
    select member.referral_id from triage_item member
    where member.merged_into = item.id and member.completed_at is null)) as open (id)`
}

/** What has its answer may have been sealed to keys that are gone: it does not count. */
function opensAll(tx: Tx, kid: ReturnType<Tx['sql']>) {
  return tx.sql`not exists (
    select from ${openReferrals(tx)}
    where not exists (select from wrap w where w.referral_id = open.id and w.kid = ${kid}))`
}

/**
 * After an exchange of keys a case may hold referrals that no client that claims has one key for.
 * Whoever opens some of them gets the item with those; a completion opens the others again, for
 * their own reader.
 */
function opensWhatNobodyOpensWhole(tx: Tx, kid: string) {
  return tx.sql`(
    cardinality(item.referral_ids) > 1
    and exists (select from ${openReferrals(tx)}
                join wrap w on w.referral_id = open.id and w.kid = ${kid})
    and not exists (select from client c cross join unnest(c.kids) as held (kid)
                    where c.disabled_at is null and 'triage:work' = any (c.scopes)
                      and ${opensAll(tx, tx.sql`held.kid`)}))`
}

/**
 * Escalates items whose leases expired too often; returns their ids. The fence stays as it is: until
 * somebody claims such an item, its last holder may still complete it late.
 */
export async function escalateLapsed(tx: Tx): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    with lapsed as materialized (
      select item.id
      from triage_item item
      where item.completed_at is null
        and item.merged_into is null
        and item.escalated_at is null
        and item.lapses >= ${lapsesMax - 1}
        and item.leased_until <= now()
      order by item.id
      limit ${escalatedItemsMax}
      for update of item skip locked
    )
    update triage_item item
    set escalated_at = ${tx.now.toISOString()}
    where item.id = any (array (select id from lapsed))
    returning item.id`
  return rows.map(({ id }) => id)
}

export type Claim = { readonly id: string; readonly fence: number; readonly clientId: string }

/** Prolongs a lease, also one that ran out while nobody claimed the item: the fence decides. */
export async function renewLease(tx: Tx, claim: Claim, leaseSeconds: number) {
  const [row] = await tx.sql<{ leasedUntil: string; changed: boolean }[]>`
    update triage_item item
    set leased_until = date_trunc('milliseconds', now()) + make_interval(secs => ${leaseSeconds})
    where ${isCurrent(tx, claim)} and item.completed_at is null
    returning ${iso(tx, 'leased_until')} as "leasedUntil", item.changed`
  return row
}

/** Gives the item back to the queue, at its old place and with no lapse counted. */
export async function releaseLease(tx: Tx, claim: Claim): Promise<boolean> {
  const rows = await tx.sql`
    update triage_item item
    set fence = item.fence + 1, leased_by = null, leased_until = null
    where ${isCurrent(tx, claim)} and item.completed_at is null
    returning item.id`
  return rows.length > 0
}

/** What ended, and whether its case has other referrals than when it was claimed. */
type Ended = {
  readonly referralIds: string[]
  readonly changed: boolean
  readonly completedAt: string
  readonly late: boolean
}

/** Ends the work, also late, as long as nobody has claimed the item since: the fence decides. */
export async function completeItem(tx: Tx, claim: Claim, outcome: string) {
  const [row] = await tx.sql<Ended[]>`
    update triage_item item
    set fence = item.fence + 1,
        completed_at = date_trunc('milliseconds', now()),
        completed_late = item.leased_until <= now(),
        outcome = ${outcome}
    where ${isCurrent(tx, claim)} and item.completed_at is null
    returning item.referral_ids as "referralIds", item.changed, item.completed_late as late,
              ${iso(tx, 'completed_at')} as "completedAt"`
  return row
}

/**
 * Escalates the item: what does not open will not open for the next holder either. The lease ends;
 * who reported it stays on the row, so that a repeated report gets the same answer.
 */
export async function escalateItem(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<Omit<Ended, 'completedAt'>[]>`
    update triage_item item
    set fence = item.fence + 1,
        completed_late = item.leased_until <= now(),
        leased_until = null,
        escalated_at = date_trunc('milliseconds', now())
    where ${isCurrent(tx, claim)} and item.completed_at is null
    returning item.referral_ids as "referralIds", item.changed, item.completed_late as late`
  return row
}

export type ItemState = 'waiting' | 'leased' | 'escalated'

/** The open items in one state, the earliest due first, from behind `after` on. */
export async function selectItems(
  tx: Tx,
  state: ItemState,
  after: Place | undefined,
  count: number,
) {
  type Row = Omit<ItemRow, 'fence' | 'leasedUntil'> & { lapses: number }
  return tx.sql<Row[]>`
    select item.id, item.case_id as "caseId", item.referral_ids as "referralIds",
           ${standingUrgency(tx)} as urgency,
           item.lapses + coalesce(item.leased_until <= now(), false)::int as lapses,
           ${iso(tx, 'due_at')} as "dueAt"
    from triage_item item
    where item.completed_at is null
      and item.merged_into is null
      and ${state} = ${stateOf(tx)}
      and (item.due_at, item.id) > (${after?.at ?? '-infinity'}::timestamptz,
                                    ${after?.id ?? '00000000-0000-0000-0000-000000000000'}::uuid)
    order by item.due_at, item.id
    limit ${count}`
}

/** The open item of one case. */
export async function selectOpenItem(tx: Tx, caseId: string) {
  type Row = Pick<ItemRow, 'urgency' | 'dueAt'> & { itemId: string; state: ItemState }
  const [row] = await tx.sql<Row[]>`
    select item.id as "itemId", ${standingUrgency(tx)} as urgency,
           ${iso(tx, 'due_at')} as "dueAt", ${stateOf(tx)} as state
    from triage_item item
    where item.case_id = ${caseId} and item.completed_at is null and item.merged_into is null`
  return row
}

/** The completion that this very claim made before, for a caller whose answer was lost. */
export async function selectCompletion(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<{ outcome: string; completedAt: string; late: boolean }[]>`
    select item.outcome, item.completed_late as late, ${iso(tx, 'completed_at')} as "completedAt"
    from triage_item item
    where item.id = ${claim.id} and item.leased_by = ${claim.clientId}
      and item.fence = ${claim.fence + 1} and item.completed_at is not null
      and item.merged_into is null`
  return row
}

/** The report that this very claim made before, for a caller whose answer was lost. */
export async function selectReport(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<{ late: boolean }[]>`
    select item.completed_late as late from triage_item item
    where item.id = ${claim.id} and item.leased_by = ${claim.clientId}
      and item.fence = ${claim.fence + 1} and item.escalated_at is not null
      and item.leased_until is null and item.merged_into is null`
  return row
}

/** The fence alone decides, and it is bound to the client that was given it, with a lease. */
function isCurrent(tx: Tx, { id, fence, clientId }: Claim) {
  return tx.sql`
    item.id = ${id} and item.fence = ${fence} and item.leased_by = ${clientId}
    and item.leased_until is not null and item.merged_into is null`
}

function stateOf(tx: Tx) {
  return tx.sql`
    case when item.escalated_at is not null
           or (item.lapses >= ${lapsesMax - 1} and item.leased_until <= now()) then 'escalated'
         when item.leased_until > now() then 'leased'
         else 'waiting' end`
}

function iso(tx: Tx, column: 'due_at' | 'leased_until' | 'completed_at') {
  return tx.sql`to_char(item.${tx.sql(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
