/** Members of a completed item: they end with it, and those without an answer come back to the queue. */
import type { Tx } from '../../database/connect.ts'
import { newId } from '../../protocol/uuid.ts'
import { openStates } from '../../referral/codes/state.ts'
import { caseReferralsMax } from '../lease.ts'
import { isOpen } from '../state.ts'

/**
 * Ends the members of a completed head as it ended. For referrals that got no answer a new item is opened,
 * one for all of them, so that nobody is lost with the answer to somebody else.
 *
 * The new item counts lapses from zero, because the work went on. It is escalated by the rule of a split
 * (split.ts): a referral that did not open is not back on the queue because another one got its answer.
 *
 * Which have no answer, their states say: one that had an answer when it was listed may have lost it since.
 *
 * @returns the referrals that are on the queue again, in the order of their ids
 */
export async function endMembers(tx: Tx, headId: string): Promise<string[]> {
  const ids = Array.from({ length: caseReferralsMax }, newId)
  const rows = await tx.sql<{ referralId: string }[]>`
    with ended as (
      update triage_item item
      set completed_at = head.completed_at, outcome = head.outcome,
          completed_late = head.completed_late
      from triage_item head
      where head.id = ${headId} and item.merged_into = head.id and ${isOpen(tx)}
      returning item.id, item.referral_id, item.arrived_at, item.urgency, item.respond_by,
                item.region, item.channel, item.organisation_id, item.own_due_at, item.escalated_before
    ), rest as (
      select member.*, head.case_id, head.referral_ids,
             row_number() over place as number,
             min(member.own_due_at) over () as due_at,
             case when head.escalated_at is not null
                       or bool_and(member.escalated_before is not null) over ()
                  then min(member.escalated_before) over () end as escalated_at
      from (select * from ended
            union all
            select id, referral_id, arrived_at, urgency, respond_by, region, channel,
                   organisation_id, own_due_at, escalated_before
            from triage_item where id = ${headId}) member
      join triage_item head on head.id = ${headId}
      where exists (select from referral r
                    where r.id = member.referral_id and r.state = any (${[...openStates]}::text[]))
      window place as (order by member.own_due_at, member.arrived_at, member.id)
    )
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             respond_by, region, channel, organisation_id, own_due_at, due_at,
                             merged_into,
                             escalated_at, escalated_before)
    select (${ids as string[]}::uuid[])[number], case_id, referral_id, referral_ids, arrived_at,
           urgency, respond_by, region, channel, organisation_id, own_due_at,
           case when number = 1 then due_at else own_due_at end,
           case when number > 1 then (${ids as string[]}::uuid[])[1] end,
           case when number = 1 then escalated_at end, escalated_before
    from rest
    returning referral_id as "referralId"`
  return rows.map(({ referralId }) => referralId).sort()
}

/**
 * What `endMembers` returned when that item was completed, for a repeated completion: the referrals that
 * were worked on as it and have had another item since.
 */
export async function selectRequeued(tx: Tx, headId: string): Promise<string[]> {
  const rows = await tx.sql<{ referralId: string }[]>`
    select ended.referral_id as "referralId"
    from triage_item head
    join triage_item ended on ${isEndedWith(tx)}
    where head.id = ${headId} and not ${wasAnswered(tx)}
    order by ended.referral_id`
  return rows.map(({ referralId }) => referralId)
}

/** `ended` was worked on as the completed `head`, and ended with it. */
export function isEndedWith(tx: Tx) {
  return tx.sql`(
    ended.id = head.id
    or (ended.merged_into = head.id and ended.completed_at = head.completed_at))`
}

/** `ended` is the last item that its referral had: it was answered then. */
export function wasAnswered(tx: Tx) {
  return tx.sql`not exists (
    select from triage_item later
    where later.case_id = ended.case_id and later.referral_id = ended.referral_id
      and (later.completed_at is null or later.completed_at > ended.completed_at))`
}
