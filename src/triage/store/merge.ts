/** Two open items become one. */
import type { Tx } from '../../database/connect.ts'
import { awake, hasExpired, isLastLease, isOffQueue, isOpen, isOpenHead } from '../state.ts'

/** All items of one case, open and completed, belong to another case from now on. */
export async function moveItems(tx: Tx, from: string, to: string): Promise<void> {
  await tx.sql`update triage_item set case_id = ${to} where case_id = ${from}`
}

/**
 * From now on `merged`, and the items that were merged into it, are worked on as `survivor`. Whoever held
 * the merged item has lost it, and if its lease had expired, that lapse is counted now; the survivor's
 * holder keeps its lease. An escalated item that is merged with a waiting one waits as well: otherwise
 * the waiting referral would be hidden on the list of escalated items.
 *
 * Three statements, in one transaction: a crash between them leaves all of it undone.
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
    set due_at = case when item.id = ${survivor} then least(item.due_at, merged.due_at)
                      else item.due_at end,
        escalated_at = case when item.id = ${survivor} and merged.escalated_at is null then null
                            else item.escalated_at end,
        escalated_before = case when merged.escalated_at is null
                                then coalesce(item.escalated_before, survivor.escalated_at)
                                else item.escalated_before end
    from triage_item survivor, triage_item merged
    where survivor.id = ${survivor} and merged.id = ${merged}
      and ${isOpen(tx)} and (item.id = ${survivor} or item.merged_into = ${survivor})`
  await tx.sql`
    update triage_item item
    set merged_into = ${survivor},
        fence = item.fence + (item.id = ${merged} and item.fence > 0)::int,
        lapses = merged.lapses,
        escalated_before = coalesce(item.escalated_before, merged.escalated_at),
        leased_by = null, leased_until = null, claimed_at = null, ${awake(tx)}
    from triage_item merged
    where merged.id = ${merged}
      and ${isOpen(tx)} and (item.id = ${merged} or item.merged_into = ${merged})`
}

/**
 * Writes all referrals of a case into its open head, but for those that were withdrawn and are off the queue, and tells its holder that the case has changed. Whatever was
 * parked is waiting from now on: why it was, was said of other referrals.
 */
export async function listReferrals(
  tx: Tx,
  caseId: string,
  referralIds: readonly string[],
): Promise<void> {
  await tx.sql`
    update triage_item item
    set referral_ids = array (select listed.id from unnest(${referralIds as string[]}::uuid[]) as listed (id)
                              where not ${isOffQueue(tx, tx.sql`listed.id`)}),
        changed = true, ${awake(tx)}
    where item.case_id = ${caseId} and ${isOpenHead(tx)}`
}
