/** Items that were one become several. */
import type { Tx } from '../../database/connect.ts'
import { isOpen } from '../state.ts'

/** The items of these referrals, open and completed, move with them to another case. */
export async function moveItemsOf(
  tx: Tx,
  referralIds: readonly string[],
  to: string,
): Promise<void> {
  await tx.sql`
    update triage_item item set case_id = ${to}
    where item.referral_id = any (${referralIds as string[]}::uuid[])`
}

/**
 * Gives a case that a split left without a head a new one, and that head the deadline of its members. The
 * new head is the member with the earliest deadline among those that were not escalated, or among all if
 * every one was.
 *
 * The case is escalated if each of its items is the reason of an escalation (`escalated_before`), or if one
 * is and the head was escalated before the split. An item that came back to the queue only because it was
 * merged with a waiting one is thus escalated again, once that one is in another case; and a referral that
 * opened waits again, once the one that did not open is in another case.
 *
 * @param wasEscalated - whether the head was escalated before the split
 */
export async function standAlone(tx: Tx, caseId: string, wasEscalated: boolean): Promise<void> {
  await tx.sql`
    with own as (
      select item.id, first_value(item.id) over (
               order by item.escalated_before is not null,
                        item.own_due_at, item.arrived_at, item.id) as head
      from triage_item item
      where item.case_id = ${caseId} and ${isOpen(tx)}
    )
    update triage_item item
    set merged_into = case when own.id = own.head then null else own.head end
    from own
    where item.id = own.id
      and not exists (select from triage_item head
                      where head.case_id = ${caseId} and head.completed_at is null
                        and head.merged_into is null)`
  await tx.sql`
    update triage_item head
    set due_at = member.due_at,
        escalated_at = case when ${wasEscalated} or not member.waiting
                            then member.escalated_at end
    from (select min(item.own_due_at) as due_at,
                 min(item.escalated_before) as escalated_at,
                 bool_or(item.escalated_before is null) as waiting
          from triage_item item
          where item.case_id = ${caseId} and ${isOpen(tx)}) member
    where head.case_id = ${caseId} and head.completed_at is null and head.merged_into is null`
}
