/** What the clock did to items, written down: leases that expired too often, and parking that ended. */
import type { Tx } from '../../database/connect.ts'
import { escalatedItemsMax, wokenItemsMax } from '../lease.ts'
import { awake, isLastLease, isOpenHead, wasParked } from '../state.ts'

/**
 * Puts items whose parking has ended back into the order of the queue, and escalates items whose leases expired too
 * often; returns the ids of the latter. The fence stays as it is: until somebody claims such an item, its last holder
 * may still complete it late. Nobody knows at which of the referrals the holders failed: after a split the escalation
 * stays with the head, as the count of leases does.
 */
export async function writeDown(tx: Tx): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    with woken as (
      update triage_item item set ${awake(tx)}
      where item.id = any (array (
        select item.id from triage_item item
        where ${wasParked(tx)} and item.parked_until <= now()
        order by item.parked_until
        limit ${tx.sql.unsafe(String(wokenItemsMax))}
        for update of item skip locked))
    ), lapsed as materialized (
      select item.id
      from triage_item item
      where ${isOpenHead(tx)}
        and item.escalated_at is null
        and ${isLastLease(tx)}
        and item.leased_until <= now()
      order by item.id
      limit ${tx.sql.unsafe(String(escalatedItemsMax))}
      for update of item skip locked
    )
    update triage_item item
    set escalated_at = ${tx.now.toISOString()}, escalated_before = ${tx.now.toISOString()}
    where item.id = any (array (select id from lapsed))
    returning item.id`
  return rows.map(({ id }) => id)
}
