/** The item of a referral that was withdrawn leaves the queue. */
import type { Tx } from '../../database/connect.ts'
import { awake, isLastLease, isOpen } from '../state.ts'

/** How a withdrawn referral stands on the queue. */
export type Withdrawn = {
  /** Its own item. */
  readonly id: string
  readonly headId: string
  readonly isLast: boolean
}

/** The open item of a referral, and whether any other is worked on with it; `undefined` where its work has ended. */
export async function selectWithdrawn(tx: Tx, referralId: string): Promise<Withdrawn | undefined> {
  const [row] = await tx.sql<Withdrawn[]>`
    select item.id, coalesce(item.merged_into, item.id) as "headId",
           not exists (
             select from triage_item other
             where other.completed_at is null and other.id <> item.id
               and (other.merged_into = item.id or other.id = item.merged_into)) as "isLast"
    from triage_item item
    where item.referral_id = ${referralId} and ${isOpen(tx)}`
  return row
}

/** Ends an item as withdrawn, whoever holds it: the fence that they were given is good for nothing any more. */
export async function endWithdrawn(tx: Tx, id: string): Promise<void> {
  await tx.sql`
    update triage_item item
    set completed_at = date_trunc('milliseconds', now()), outcome = 'withdrawn',
        completed_late = false, fence = item.fence + 1, ${awake(tx)}
    where item.id = ${id}`
}

/**
 * Ends a withdrawn referral's item, of a head that others are worked on as. Where it is the head itself, that takes the
 * place of a member, which ends in its stead: whoever holds the head holds it still, under the same fence.
 *
 * Which referral was at fault where leases expired too often nobody knows, so the head stays the reason of that.
 *
 * @returns the referral that the head is of from now on, if it was another before
 */
export async function leaveHead(tx: Tx, { id, headId }: Withdrawn): Promise<string | undefined> {
  if (id !== headId) {
    await endWithdrawn(tx, id)
    return undefined
  }
  const [member] = await tx.sql<{ id: string; referralId: string }[]>`
    select item.id, item.referral_id as "referralId" from triage_item item
    where item.merged_into = ${headId} and ${isOpen(tx)}
    order by item.escalated_before is not null, item.own_due_at, item.arrived_at, item.id
    limit 1`
  if (!member) throw new Error(`item ${headId} has no member`)
  // First it ends: of each referral one item is open at most.
  await endWithdrawn(tx, member.id)
  await tx.sql`
    update triage_item item
    set referral_id = other.referral_id, arrived_at = other.arrived_at, urgency = other.urgency,
        respond_by = other.respond_by, region = other.region, channel = other.channel,
        organisation_id = other.organisation_id, own_due_at = other.own_due_at,
        escalated_before = case when item.id = ${headId} and ${isLastLease(tx)}
                                then coalesce(other.escalated_before, item.escalated_before)
                                else other.escalated_before end
    from triage_item other
    where (item.id, other.id) in ((${headId}, ${member.id}), (${member.id}, ${headId}))`
  return member.referralId
}
