/** A lease goes from one client to another. */
import type { Tx } from '../../database/connect.ts'
import { type Claim, isHeldBy } from '../state.ts'
import { isOpenableBy } from './claim.ts'

/** Whether the item is the colleague's now. No lapse is counted, and `claimed_at` stays: the work goes on. */
export async function handOver(
  tx: Tx,
  claim: Claim,
  to: string,
  leaseSeconds: number,
): Promise<boolean> {
  const rows = await tx.sql`
    update triage_item item
    set fence = item.fence + 1, leased_by = ${to}, changed = false,
        leased_until = date_trunc('milliseconds', now()) + make_interval(secs => ${leaseSeconds})
    where ${isHeldBy(tx, claim)} and ${isOpenableBy(tx, to)}
      and exists (select from client c join organisation o on o.id = c.organisation_id
                  where c.id = ${to} and 'triage:work' = any (c.scopes)
                    and c.disabled_at is null and o.disabled_at is null)
    returning item.id`
  return rows.length > 0
}

export async function isHeld(tx: Tx, claim: Claim): Promise<boolean> {
  const rows = await tx.sql`select from triage_item item where ${isHeldBy(tx, claim)}`
  return rows.length > 0
}
