/** A holder ends the work on an item, with an answer or without one. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { type Claim, endedWith, isHeldBy, isOpen } from '../state.ts'

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
    where ${isHeldBy(tx, claim)}
    returning item.referral_ids as "referralIds", item.changed, item.completed_late as late,
              ${iso(tx, 'item.completed_at')} as "completedAt"`
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
 * who reported it stays on the row, so that a repeated report gets the same answer.
 */
export async function escalateItem(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<Omit<Ended, 'completedAt'>[]>`
    update triage_item item
    set fence = item.fence + 1,
        completed_late = item.leased_until <= now(),
        leased_until = null,
        escalated_at = date_trunc('milliseconds', now())
    where ${isHeldBy(tx, claim)}
    returning item.referral_ids as "referralIds", item.changed, item.completed_late as late`
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
