/** A higher urgency, and with it an earlier place. */
import type { Tx } from '../../database/connect.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { rank } from './columns.ts'
import { dueAt } from './due.ts'
import { headRoundsMax } from './heads.ts'

/**
 * Raises the urgency of a referral's open item, and moves its head to an earlier place if that follows. A
 * lower or equal urgency changes nothing. Lease and fence stay as they are. Does nothing once the work has
 * ended.
 *
 * @throws Error, a bug, if the head does not settle
 */
export async function raiseUrgency(tx: Tx, referralId: string, urgency: Urgency): Promise<void> {
  for (let round = 0; round < headRoundsMax; round += 1) {
    // Claims, completions, merges and splits all lock the head first, so nothing of the item changes
    // once this statement has it. What it waited for may have changed which item is the head: look again.
    const [locked] = await tx.sql<{ id: string }[]>`
      select head.id from triage_item own
      join triage_item head on head.id = coalesce(own.merged_into, own.id)
      where own.referral_id = ${referralId} and own.completed_at is null
      for update of head`
    const [found] = await tx.sql<{ id: string }[]>`
      select coalesce(own.merged_into, own.id) as id from triage_item own
      where own.referral_id = ${referralId} and own.completed_at is null`
    if (!found) return
    if (found.id === locked?.id) return raise(tx, referralId, urgency, found.id)
  }
  throw new Error(`an item was merged ${headRoundsMax} times while it was raised`)
}

async function raise(tx: Tx, referralId: string, urgency: Urgency, headId: string): Promise<void> {
  await tx.sql`
    with raised as (
      select item.id, ${dueAt(tx)} as due_at
      from (select id, arrived_at, ${urgency}::text as urgency, respond_by from triage_item own
            where own.referral_id = ${referralId} and own.completed_at is null
              and ${rank(tx, tx.sql`${urgency}::text`)} < ${rank(tx, tx.sql`own.urgency`)}) item
    )
    update triage_item item
    set urgency = case when item.id = raised.id then ${urgency} else item.urgency end,
        own_due_at = case when item.id = raised.id then raised.due_at else item.own_due_at end,
        due_at = least(item.due_at, raised.due_at)
    from raised
    where item.id in (raised.id, ${headId})`
}
