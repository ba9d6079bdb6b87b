/** A completion is taken back: what it answered is on the queue again. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { finalStates } from '../../referral/codes/state.ts'
import { reopenedHoursMax } from '../lease.ts'
import { isOffQueue } from '../state.ts'
import { rank } from './columns.ts'
import { isEndedWith, wasAnswered } from './requeue.ts'

/** How a completed item stands. */
type Standing = {
  readonly isReopened: boolean
  /** It was completed too long ago. */
  readonly isOver: boolean
  readonly escalatedAt: string | null
}

/** Locks a completed item, if this client completed it, or opens every referral that ended with it. */
export async function lockCompleted(tx: Tx, id: string, clientId: string) {
  const [row] = await tx.sql<Standing[]>`
    select head.reopened_at is not null as "isReopened",
           head.completed_at <= now() - make_interval(hours => ${reopenedHoursMax}) as "isOver",
           ${iso(tx, 'head.escalated_at')} as "escalatedAt"
    from triage_item head
    where head.id = ${id} and head.completed_at is not null and head.merged_into is null
      and (head.leased_by = ${clientId} or not exists (
        select from triage_item ended
        where ${isEndedWith(tx)} and not exists (
          select from wrap w join client c on w.kid = any (c.kids)
          where w.referral_id = ended.referral_id and c.id = ${clientId})))
    for update of head`
  return row
}

/** What an item was that a completion answered, and how urgent it is by now. */
export type Answered = {
  readonly id: string
  readonly caseId: string
  readonly referralId: string
  readonly arrivedAt: string
  readonly urgency: Urgency
  readonly respondBy: string | null
  readonly escalatedBefore: string | null
}

/**
 * What this completion answered, and what is not withdrawn or closed since: whatever ended with it and had no other item
 * since. Keeps urgencies from being stated
 * of it until this transaction ends, and waits for those that are: a statement refers to the referral.
 */
export async function lockAnswered(tx: Tx, id: string): Promise<Answered[]> {
  await tx.sql`
    select from referral where id = any (array (
      select ended.referral_id from triage_item head join triage_item ended on ${isEndedWith(tx)}
      where head.id = ${id} and ${wasAnswered(tx)}))
    order by id for update`
  return tx.sql<Answered[]>`
    select ended.id, ended.case_id as "caseId", ended.referral_id as "referralId",
           ${iso(tx, 'ended.arrived_at')} as "arrivedAt", ended.respond_by::text as "respondBy",
           ${iso(tx, 'ended.escalated_before')} as "escalatedBefore",
           (select said.urgency from (
              select ended.urgency
              union all
              select later.urgency from (
                select s.urgency, s.stored_at as at from urgency_statement s
                where s.referral_id = ended.referral_id
                union all
                select m.urgency, m.settled_at from message m
                where m.referral_id = ended.referral_id and m.urgency is not null) later
              where later.at > coalesce(
                (select max(p.set_at) from urgency_setting p where p.referral_id = ended.referral_id),
                '-infinity')) said
            order by ${rank(tx, tx.sql`said.urgency`)} limit 1) as urgency
    from triage_item head join triage_item ended on ${isEndedWith(tx)}
    join referral r on r.id = ended.referral_id
    where head.id = ${id} and ${wasAnswered(tx)} and not r.state = any (${[...finalStates]}::text[])
    order by ended.id`
}

/** A new item in the place of one that was completed. */
export type Again = {
  readonly id: string
  readonly was: string
  readonly urgency: Urgency
  readonly ownDueAt: string
  readonly dueAt: string
  readonly mergedInto: string | null
  readonly escalatedAt: string | null
}

/** Opens them; leases and lapses are counted anew, because the work went on. */
export async function insertAgain(tx: Tx, items: readonly Again[]): Promise<void> {
  await tx.sql`
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             respond_by, region, channel, organisation_id, own_due_at, due_at,
                             merged_into, escalated_at, escalated_before)
    select again.id, was.case_id, was.referral_id,
           array (select c.referral_id from referral_case c
                  where c.case_id = was.case_id and not ${isOffQueue(tx, tx.sql`c.referral_id`)} order by 1),
           was.arrived_at, again.urgency, was.respond_by, was.region, was.channel, was.organisation_id,
           again."ownDueAt", again."dueAt", again."mergedInto", again."escalatedAt", was.escalated_before
    from jsonb_to_recordset(${JSON.stringify(items)}::text::jsonb)
      as again (id uuid, was uuid, urgency text, "ownDueAt" timestamptz, "dueAt" timestamptz,
                "mergedInto" uuid, "escalatedAt" timestamptz)
    join triage_item was on was.id = again.was`
}

/** Notes that the completion was taken back, once, and so that it can be repeated no more. */
export async function markReopened(tx: Tx, id: string): Promise<void> {
  await tx.sql`
    update triage_item set fence = fence + 1, reopened_at = ${tx.now.toISOString()} where id = ${id}`
}

/** All referrals of a case. */
export async function selectReferralsOf(tx: Tx, caseId: string): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select referral_id as id from referral_case where case_id = ${caseId} order by referral_id`
  return rows.map(({ id }) => id)
}
