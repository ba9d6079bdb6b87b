/** The work on a referral that is erased: it ends, and what was kept of it goes. */
import type { Tx } from '../../database/connect.ts'

/**
 * Ends the open item of a referral, which stands alone in its case. Whoever holds it has lost it, and whoever follows the
 * queue is told that it was completed.
 */
export async function endItemOf(tx: Tx, referralId: string): Promise<void> {
  tx.announce()
  await tx.sql`
    update triage_item
    set fence = fence + 1, completed_at = date_trunc('milliseconds', now()), outcome = 'erased'
    where referral_id = ${referralId} and completed_at is null`
}

/**
 * Takes a referral out of what others ended with it. Where it was the head itself, one of those takes its place, so that
 * their completion can still be taken back; and no list names it.
 */
export async function leaveEnded(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`
    update triage_item item
    set referral_id = other.referral_id, arrived_at = other.arrived_at, urgency = other.urgency,
        respond_by = other.respond_by, region = other.region, channel = other.channel,
        organisation_id = other.organisation_id, own_due_at = other.own_due_at,
        escalated_before = other.escalated_before
    from (
      select distinct on (head.id) head.id as head, member.id as member
      from triage_item head join triage_item member
        on member.merged_into = head.id and member.completed_at = head.completed_at
      where head.referral_id = ${referralId}
      order by head.id, member.own_due_at, member.id) pair
    join triage_item other on other.id in (pair.head, pair.member)
    where item.id in (pair.head, pair.member) and item.id <> other.id`
  await tx.sql`
    update triage_item set referral_ids = array_remove(referral_ids, ${referralId}::uuid)
    where completed_at is not null and referral_id <> ${referralId}
      and case_id = any (array(select case_id from triage_item where referral_id = ${referralId}))
      and ${referralId}::uuid = any (referral_ids)`
}

/** Deletes the items of a referral, and what was kept of their leases; as the eraser. */
export async function deleteItemsOf({ sql }: Tx, referralId: string): Promise<void> {
  const items = sql`array(select id from triage_item where referral_id = ${referralId})`
  await sql`delete from triage_attempt where item_id = any (${items})`
  await sql`delete from unheld_item where item_id = any (${items})`
  await sql`delete from triage_item where referral_id = ${referralId}`
}
