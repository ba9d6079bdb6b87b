/** A higher urgency, and with it an earlier place. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { dueText } from '../calendar.ts'
import { awake } from '../state.ts'
import { rank } from './columns.ts'
import { headRoundsMax } from './heads.ts'

/**
 * Raises the urgency of a referral's open item, and moves its head to an earlier place if that follows. A lower or
 * equal urgency changes nothing. Lease and fence stay as they are; what is parked wakes, because it was parked as less
 * urgent. Does nothing once the work has ended.
 *
 * @throws Error, a bug, if the head does not settle
 */
export async function raiseUrgency(tx: Tx, referralId: string, urgency: Urgency): Promise<void> {
  for (let round = 0; round < headRoundsMax; round += 1) {
    // Claims, completions, merges and splits all lock the head first, so nothing of the item changes
    // once this statement has it. What it waited for may have changed which item is the head: look again.
    const [, [locked]] = await Promise.all([
      tx.sql`savepoint looked`,
      tx.sql<{ id: string }[]>`
        select head.id from triage_item own
        join triage_item head on head.id = coalesce(own.merged_into, own.id)
        where own.referral_id = ${referralId} and own.completed_at is null
        for update of head`,
    ])
    const [found] = await tx.sql<Raised[]>`
      select own.id, coalesce(own.merged_into, own.id) as "headId", ${iso(tx, 'own.arrived_at')} as "arrivedAt",
             own.respond_by::text as "respondBy",
             ${rank(tx, tx.sql`${urgency}::text`)} < ${rank(tx, tx.sql`own.urgency`)} as "isHigher"
      from triage_item own
      where own.referral_id = ${referralId} and own.completed_at is null`
    if (!found) return
    if (found.headId === locked?.id) return raise(tx, found, urgency)
    // What is no head any more is let go: whoever merges its new head with another would wait for it, for ever.
    await tx.sql`rollback to savepoint looked`
  }
  throw new Error(`an item was merged ${headRoundsMax} times while it was raised`)
}

type Raised = {
  readonly id: string
  readonly headId: string
  readonly arrivedAt: string
  readonly respondBy: string | null
  readonly isHigher: boolean
}

async function raise(tx: Tx, raised: Raised, urgency: Urgency): Promise<void> {
  const { id, headId, isHigher, ...wait } = raised
  if (!isHigher) return
  tx.announce()
  const due = dueText({ ...wait, urgency })
  await tx.sql`
    update triage_item item
    set urgency = case when item.id = ${id} then ${urgency} else item.urgency end,
        own_due_at = case when item.id = ${id} then ${due}::timestamptz else item.own_due_at end,
        due_at = least(item.due_at, ${due}::timestamptz),
        changed = item.changed or item.id = ${headId},
        ${awake(tx)}
    where item.id in (${id}, ${headId})`
}
