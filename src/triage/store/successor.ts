/** As which item the work on a referral goes on. */
import type { Tx } from '../../database/connect.ts'
import type { Claim } from '../state.ts'

/**
 * The item as which the referral with this reference is worked on; where its work has ended, the one
 * that it ended with.
 *
 * An item that was claimed before it was merged stays itself: its fence is over 0, because the first claim
 * gives fence 1 and no merge raises the fence of an item that was never claimed. Whoever held it may name
 * it still, with a fence that means nothing of the item it was merged into, and could otherwise be that
 * one's by chance.
 */
export async function selectItemByReference(
  tx: Tx,
  reference: string,
): Promise<string | undefined> {
  const [row] = await tx.sql<{ id: string }[]>`
    select case when item.fence = 0 then coalesce(item.merged_into, item.id) else item.id end as id
    from referral r
    join referral_case c on c.referral_id = r.id
    join triage_item item on item.case_id = c.case_id and item.referral_id = r.id
    where r.reference = ${reference}
    order by item.completed_at desc nulls first
    limit 1`
  return row?.id
}

/** The item as which the work on a referral last ended; as which it is open, if it never did. */
export async function selectPastItem(tx: Tx, reference: string): Promise<string | undefined> {
  const [row] = await tx.sql<{ id: string }[]>`
    select coalesce(item.merged_into, item.id) as id
    from referral r join triage_item item on item.referral_id = r.id
    where r.reference = ${reference}
    order by item.completed_at desc nulls last
    limit 1`
  return row?.id
}

/**
 * Whether an item was merged into another or ended because its referral was withdrawn, and the open item as which its referral is worked on
 * now: none where the work has ended.
 */
export async function selectSurvivor(tx: Tx, { id }: Claim) {
  const [row] = await tx.sql<
    { wasMerged: boolean; wasWithdrawn: boolean; itemId: string | null }[]
  >`
    select item.merged_into is not null as "wasMerged",
           coalesce(item.outcome = 'withdrawn', false) as "wasWithdrawn",
           coalesce(open.merged_into, open.id) as "itemId"
    from triage_item item
    left join triage_item open
      on open.referral_id = item.referral_id and open.completed_at is null
    where item.id = ${id}`
  return row
}

/** The referrals of its case that an item lists, or listed when its work ended. */
export async function selectListed(tx: Tx, itemId: string): Promise<readonly string[]> {
  const [row] = await tx.sql<{ referralIds: string[] }[]>`
    select referral_ids as "referralIds" from triage_item where id = ${itemId}`
  return row?.referralIds ?? []
}
