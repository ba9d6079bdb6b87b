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

/** Deletes the items of a referral, and what was kept of their leases; as the eraser. */
export async function deleteItemsOf({ sql }: Tx, referralId: string): Promise<void> {
  const items = sql`array(select id from triage_item where referral_id = ${referralId})`
  await sql`delete from triage_attempt where item_id = any (${items})`
  await sql`delete from unheld_item where item_id = any (${items})`
  await sql`delete from triage_item where referral_id = ${referralId}`
}
