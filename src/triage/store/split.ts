/** Items that were one become several. */
import type { Tx } from '../../database/connect.ts'
import { isOpen } from '../state.ts'

/** The items of these referrals, also those that were completed, go with them to another case. */
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
 * Within one case: an item that was worked on as one of another case stands by itself again, and the
 * others of this case are worked on as that one: the earliest due of those that wait on the queue,
 * or of all where none does. One that had gone to people goes there again, if it came back for the
 * sake of items that are in another case now.
 */
export async function standAlone(tx: Tx, caseId: string): Promise<void> {
  await tx.sql`
    with own as (
      select item.id, first_value(item.id) over (
               order by item.escalated_at is not null or item.escalated_before is not null,
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
        escalated_at = case when member.waiting then head.escalated_at
                            else coalesce(head.escalated_at, head.escalated_before) end,
        escalated_before = case when member.waiting then head.escalated_before end
    from (select min(item.own_due_at) as due_at,
                 bool_or(item.escalated_at is null and item.escalated_before is null) as waiting
          from triage_item item
          where item.case_id = ${caseId} and ${isOpen(tx)}) member
    where head.case_id = ${caseId} and head.completed_at is null and head.merged_into is null`
}
