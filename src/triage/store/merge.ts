/** Two open items become one. */
import type { Tx } from '../../database/connect.ts'
import { hasExpired, isLastLease, isOpen, isOpenHead } from '../state.ts'

/** Everything ever worked on for one case now counts to another. */
export async function moveItems(tx: Tx, from: string, to: string): Promise<void> {
  await tx.sql`update triage_item set case_id = ${to} where case_id = ${from}`
}

/**
 * From now on `merged`, and what was merged into it, is worked on as `survivor`. Whoever held the
 * merged item has lost it, and if its lease had run out, that is counted now; the survivor's
 * holder keeps its lease. An item that had gone to people comes back to the queue with one that
 * waited there, or that one would be hidden with it. What had been merged before stands from now on
 * where the merged one does: taken out again, either may stand for both.
 */
export async function mergeItem(tx: Tx, merged: string, survivor: string): Promise<void> {
  await tx.sql`
    update triage_item item
    set lapses = item.lapses + 1,
        escalated_at = case when ${isLastLease(tx)}
                            then coalesce(item.escalated_at, ${tx.now.toISOString()})
                            else item.escalated_at end
    where item.id = ${merged} and ${hasExpired(tx)}`
  await tx.sql`
    update triage_item item
    set due_at = case when item.id = ${survivor} then least(item.due_at, other.due_at)
                      else item.due_at end,
        escalated_at = case when item.id = ${survivor} and other.escalated_at is null then null
                            else item.escalated_at end,
        escalated_before = case when other.escalated_at is null
                                then coalesce(item.escalated_before, head.escalated_at)
                                else item.escalated_before end
    from triage_item head, triage_item other
    where head.id = ${survivor} and other.id = ${merged}
      and ${isOpen(tx)} and (item.id = ${survivor} or item.merged_into = ${survivor})`
  await tx.sql`
    update triage_item item
    set merged_into = ${survivor},
        fence = item.fence + (item.id = ${merged})::int,
        lapses = head.lapses, escalated_at = head.escalated_at,
        escalated_before = head.escalated_before,
        leased_by = null, leased_until = null, claimed_at = null
    from triage_item head
    where head.id = ${merged}
      and ${isOpen(tx)} and (item.id = ${merged} or item.merged_into = ${merged})`
}

/** The open item of a case lists these referrals, all of the case; its holder is told to look. */
export async function listReferrals(
  tx: Tx,
  caseId: string,
  referralIds: readonly string[],
): Promise<void> {
  await tx.sql`
    update triage_item item set referral_ids = ${referralIds as string[]}::uuid[], changed = true
    where item.case_id = ${caseId} and ${isOpenHead(tx)}`
}
