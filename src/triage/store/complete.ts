/** A holder ends the work on an item, with an answer or without one. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { type Claim, endedWith, isHeldBy } from '../state.ts'

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

/** The report that this very claim made before, for a caller whose answer was lost. */
export async function selectReport(tx: Tx, claim: Claim) {
  const [row] = await tx.sql<{ late: boolean }[]>`
    select item.completed_late as late from triage_item item
    where ${endedWith(tx, claim)} and item.escalated_at is not null
      and item.leased_until is null`
  return row
}
