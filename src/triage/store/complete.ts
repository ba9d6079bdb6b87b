/** A holder ends the work on an item, with an answer or without one. */
import type { PendingQuery, Row } from 'postgres'
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { DeclineReason } from '../../referral/codes/state.ts'
import { type Claim, endedWith, isHeldBy, isOpen, isOpenHead } from '../state.ts'
import { opensListed } from './claim.ts'

/** A claim, how its work ended, and the referrals that this answers. */
export type Ending = {
  readonly claim: Claim
  readonly outcome: Outcome
  readonly reason?: DeclineReason
  readonly referrals: readonly string[]
}

type Outcome = 'accepted' | 'declined' | 'redirected'

type Ended = {
  readonly id: string
  readonly referralIds: string[]
  /** Those that got their answer now; one that was answered before keeps the first. */
  readonly answered: string[]
  readonly completedAt: string
  readonly late: boolean
}

/**
 * Ends the work on items and gives the listed referrals their answers, also late, as long as nobody has claimed the
 * item since: the fence of each decides. One whose case does not hold the referrals that were listed, or holds one of
 * them that this client does not open, is left as it is.
 *
 * They are locked in the order of their ids, so that of two requests at once one waits and none is undone.
 *
 * @param endings - of one client, each of another item
 * @param answering - the part of the statement that answers what `held` lists
 */
export async function completeItems(
  tx: Tx,
  clientId: string,
  endings: readonly Ending[],
  answering: PendingQuery<Row[]>,
): Promise<Ended[]> {
  const named = endings.map(({ claim, ...rest }) => ({ id: claim.id, fence: claim.fence, ...rest }))
  return tx.sql<Ended[]>`
    with held as materialized (
      select item.id, named.outcome, named.reason, named.referrals::uuid[] as referrals
      from triage_item item
      join jsonb_to_recordset(${JSON.stringify(named)}::text::jsonb)
        as named (id uuid, fence bigint, outcome text, reason text, referrals text[]) on named.id = item.id
      where item.id = any (${named.map(({ id }) => id)}::uuid[])
        and item.fence = named.fence and item.leased_by = ${clientId}
        and item.leased_until is not null and ${isOpenHead(tx)}
        and named.referrals <@ item.referral_ids::text[]
        and ${opensListed(tx, clientId, tx.sql`named.referrals`)}
      order by item.id
      for update of item
    ), ${answering}
    update triage_item item
    set fence = item.fence + 1,
        completed_at = date_trunc('milliseconds', now()),
        completed_late = item.leased_until <= now(),
        outcome = (select held.outcome from held where held.id = item.id)
    where item.id = any (array (select id from held))
    returning item.id, item.referral_ids as "referralIds", item.completed_late as late,
              array (select answered.id from answered where answered.id = any (item.referral_ids)) as answered,
              ${iso(tx, 'item.completed_at')} as "completedAt"`
}

/** Locks those of the items that their claims still hold, in the order of their ids. */
export async function lockHeld(tx: Tx, claims: readonly Claim[]): Promise<void> {
  const held = claims.map(({ id, fence, clientId }) => ({ id, fence, client: clientId }))
  await tx.sql`
    select from triage_item item
    join jsonb_to_recordset(${JSON.stringify(held)}::text::jsonb)
      as named (id uuid, fence bigint, client uuid) on named.id = item.id
    where item.id = any (${held.map(({ id }) => id)}::uuid[])
      and item.fence = named.fence and item.leased_by = named.client and ${isOpenHead(tx)}
    order by item.id
    for update of item`
}

/**
 * Of a claim that still holds its item: whether the case has changed since, and whether the client opens what is
 * `listed` of it. `undefined` if that is over.
 */
export async function selectChanged(tx: Tx, claim: Claim, listed: readonly string[]) {
  const opens = opensListed(tx, claim.clientId, tx.sql`${listed as string[]}::text[]`)
  const [row] = await tx.sql<{ changed: boolean; opens: boolean }[]>`
    select item.changed, ${opens} as opens from triage_item item where ${isHeldBy(tx, claim)}`
  return row
}

/** The completion that this very claim made before, for a caller whose answer was lost. */
export async function selectCompletion(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<{ outcome: string; completedAt: string; late: boolean }[]>`
    select item.outcome, item.completed_late as late, ${iso(tx, 'item.completed_at')} as "completedAt"
    from triage_item item
    where ${endedWith(tx, claim)} and item.completed_at is not null`
  return row
}

/**
 * Escalates the item: what does not open will not open for the next holder either. The lease ends;
 * who reported it stays on the row, so that a repeated report gets the same answer. One whose case does not hold
 * the listed referrals, or of which this client does not open one, is left as it is.
 */
export async function escalateItem(tx: Tx, claim: Claim, listed: readonly string[]) {
  const [row] = await tx.sql<Pick<Ended, 'late'>[]>`
    update triage_item item
    set fence = item.fence + 1,
        completed_late = item.leased_until <= now(),
        leased_until = null,
        escalated_at = date_trunc('milliseconds', now())
    where ${isHeldBy(tx, claim)} and ${listed as string[]}::text[] <@ item.referral_ids::text[]
      and ${opensListed(tx, claim.clientId, tx.sql`${listed as string[]}::text[]`)}
    returning item.completed_late as late`
  return row
}

/**
 * Notes on the items of the listed referrals that they did not open, so that they stay escalated after a
 * split. If all of those were answered already, it notes it on each item that is worked on as `headId`.
 */
export async function markUnopenable(tx: Tx, headId: string, listed: readonly string[]) {
  await tx.sql`
    update triage_item item
    set escalated_before = date_trunc('milliseconds', now())
    where ${isOpen(tx)} and (item.id = ${headId} or item.merged_into = ${headId})
      and (item.referral_id = any (${listed as string[]}::uuid[])
           or not exists (select from triage_item named
                          where named.completed_at is null
                            and named.referral_id = any (${listed as string[]}::uuid[])))`
}

/**
 * The report that this very claim made before, for a caller whose answer was lost. A merge or a split may
 * have put the item on the queue again since.
 */
export async function selectReport(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<{ late: boolean }[]>`
    select item.completed_late as late from triage_item item
    where ${endedWith(tx, claim)} and item.completed_late is not null
      and item.completed_at is null and item.leased_until is null`
  return row
}
