/**
 * When an item is due: the one rule, and what raises an item by it. Nothing else writes a deadline
 * but merges and splits, which take the earliest of those that this rule gave.
 */
import type { Tx } from '../database/connect.ts'
import { type Urgency, urgencies } from '../referral/codes/clear.ts'
import { allowanceHours } from './lease.ts'

/** How often an item may be merged into another while it is locked: nothing shown needs a third. */
const headRoundsMax = 10

/**
 * The deadline of `item`, from its columns `arrived_at`, `urgency` and `respond_by`: the earlier of
 * arrival plus the allowance of its urgency, and 17:00 in London on the last working day before the
 * day by which the answer is wanted. The latter counts only from arrival plus the allowance of
 * `immediate` on, so that no date, however near, past or absurd, stands before an `immediate` referral that
 * arrived earlier. Saturdays and Sundays are no working days; bank holidays count as working days.
 */
export function dueAt(tx: Tx) {
  const { immediate, urgent, soon, standard } = allowanceHours
  return tx.sql`
    least(
      item.arrived_at + make_interval(hours => case item.urgency
        when 'immediate' then ${immediate}::int when 'urgent' then ${urgent}::int
        when 'soon' then ${soon}::int when 'standard' then ${standard}::int end),
      greatest(
        item.arrived_at + make_interval(hours => ${immediate}::int),
        coalesce(
          (item.respond_by
             - case extract(isodow from item.respond_by) when 1 then 3 when 7 then 2 else 1 end
             + time '17:00') at time zone 'Europe/London',
          'infinity')))`
}

/** The most urgent of what is worked on as `item`, an item that is merged into none. */
export function standingUrgency(tx: Tx) {
  return tx.sql`(
    select member.urgency from triage_item member
    where member.completed_at is null and (member.id = item.id or member.merged_into = item.id)
    order by ${rank(tx, tx.sql`member.urgency`)}
    limit 1)`
}

/**
 * Gives a referral's open item this urgency, if that is higher than what it has; and with it the item as which it is
 * worked on an earlier place. Lease and fence stay. Does nothing where the work has ended.
 *
 * @throws Error, a bug, where the item does not come to rest
 */
export async function raiseUrgency(tx: Tx, referralId: string, urgency: Urgency): Promise<void> {
  for (let round = 0; round < headRoundsMax; round += 1) {
    // Claims, completions, merges and splits all lock the head first, so that nothing of the item
    // changes once this is locked; what it was waited for may have changed which the head is.
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

/** 1 for the most urgent. */
function rank(tx: Tx, urgency: ReturnType<Tx['sql']>) {
  return tx.sql`array_position(${Object.keys(urgencies)}::text[], ${urgency})`
}
