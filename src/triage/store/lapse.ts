/** Items whose leases expired too often. */
import type { Tx } from '../../database/connect.ts'
import { escalatedItemsMax } from '../lease.ts'
import { isLastLease, isOpenHead } from '../state.ts'

/**
 * Escalates items whose leases expired too often; returns their ids. The fence stays as it is: until
 * somebody claims such an item, its last holder may still complete it late. Nobody knows at which of the
 * referrals the holders failed: after a split the escalation stays with the head, as the count of leases does.
 */
export async function escalateLapsed(tx: Tx): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    with lapsed as materialized (
      select item.id
      from triage_item item
      where ${isOpenHead(tx)}
        and item.escalated_at is null
        and ${isLastLease(tx)}
        and item.leased_until <= now()
      order by item.id
      limit ${escalatedItemsMax}
      for update of item skip locked
    )
    update triage_item item
    set escalated_at = ${tx.now.toISOString()}, escalated_before = ${tx.now.toISOString()}
    where item.id = any (array (select id from lapsed))
    returning item.id`
  return rows.map(({ id }) => id)
}
