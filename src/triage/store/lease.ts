/** A holder keeps an item longer, or gives it back. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { type Claim, isHeldBy } from '../state.ts'
import { itemUrgency } from './columns.ts'

type Renewed = {
  leasedUntil: string
  changed: boolean
  referralIds: string[]
  urgency: Urgency
  dueAt: string
}

/** Prolongs a lease, also one that ran out while nobody claimed the item: the fence decides. */
export async function renewLease(tx: Tx, claim: Claim, leaseSeconds: number) {
  const [row] = await tx.sql<Renewed[]>`
    update triage_item item
    set leased_until = date_trunc('milliseconds', now()) + make_interval(secs => ${leaseSeconds})
    where ${isHeldBy(tx, claim)}
    returning ${iso(tx, 'item.leased_until')} as "leasedUntil", item.changed,
              item.referral_ids as "referralIds",
              ${itemUrgency(tx)} as urgency, ${iso(tx, 'item.due_at')} as "dueAt"`
  return row
}

/** Gives the item back to the queue, at its old place and with no lapse counted. */
export async function releaseLease(tx: Tx, claim: Claim): Promise<boolean> {
  const rows = await tx.sql`
    update triage_item item
    set fence = item.fence + 1, leased_by = null, leased_until = null
    where ${isHeldBy(tx, claim)}
    returning item.id`
  return rows.length > 0
}
