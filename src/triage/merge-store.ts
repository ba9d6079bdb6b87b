/** The statements by which the work of two cases becomes one, and is taken apart again. */
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { caseReferralsMax, lapsesMax } from './lease.ts'
import type { Head } from './survivor.ts'

/** How often a completion that was waited for may open another item: nothing shown needs a third. */
const headRoundsMax = 10

/**
 * The open items of these cases, at most one each, locked: waits for a claim or completion of one.
 *
 * Asked until the answer stays the same, because a completion that a statement waited for may have
 * opened another item, which only one that begins later can see. Nothing else opens one meanwhile:
 * whoever joins or splits cases holds the lock of `cases`.
 *
 * @throws Error, a bug, where the answer does not come to rest
 */
export async function lockHeads(tx: Tx, caseIds: readonly string[]): Promise<Head[]> {
  const idsOf = (heads: readonly Head[]) => heads.map(({ id }) => id).join()
  let heads = await selectHeads(tx, caseIds)
  for (let round = 0; round < headRoundsMax; round += 1) {
    const again = await selectHeads(tx, caseIds)
    if (idsOf(again) === idsOf(heads)) return again
    heads = again
  }
  throw new Error(`the open items of a case changed ${headRoundsMax} times while they were locked`)
}

async function selectHeads(tx: Tx, caseIds: readonly string[]): Promise<Head[]> {
  return tx.sql<Head[]>`
    select item.id, item.case_id as "caseId", item.referral_id as "referralId",
           coalesce(item.leased_until > now(), false) as leased,
           item.escalated_at is not null
             or (item.lapses >= ${lapsesMax - 1} and coalesce(item.leased_until <= now(), false))
             as escalated,
           (extract(epoch from item.claimed_at) * 1000)::float8 as "claimedMs",
           (extract(epoch from item.arrived_at) * 1000)::float8 as "arrivedMs"
    from triage_item item
    where item.case_id = any (${caseIds as string[]}::uuid[])
      and item.completed_at is null and item.merged_into is null
    order by item.id
    for update of item`
}

/** Everything ever worked on for one case now counts to another. */
export async function moveItems(tx: Tx, from: string, to: string): Promise<void> {
  await tx.sql`update triage_item set case_id = ${to} where case_id = ${from}`
}

/**
 * From now on `merged`, and what was merged into it, is worked on as `survivor`. Whoever held the
 * merged item has lost it, and if its lease had run out, that is counted now; the survivor's
 * holder keeps its lease. An item that had gone to people comes back to the queue with one that
 * waited there, or that one would be hidden with it. What had been merged before stands from now on
 * where the merged one does: taken out again, either may stand for both.
 */
export async function mergeItem(tx: Tx, merged: string, survivor: string): Promise<void> {
  await tx.sql`
    update triage_item item
    set lapses = item.lapses + 1,
        escalated_at = case when item.lapses >= ${lapsesMax - 1}
                            then coalesce(item.escalated_at, ${tx.now.toISOString()})
                            else item.escalated_at end
    where item.id = ${merged} and item.leased_until <= now()`
  await tx.sql`
    update triage_item item
    set due_at = case when item.id = ${survivor} then least(item.due_at, other.due_at)
                      else item.due_at end,
        escalated_at = case when item.id = ${survivor} and other.escalated_at is null then null
                            else item.escalated_at end,
        escalated_before = case when other.escalated_at is null
                                then coalesce(item.escalated_before, head.escalated_at)
                                else item.escalated_before end
    from triage_item head, triage_item other
    where head.id = ${survivor} and other.id = ${merged}
      and item.completed_at is null and (item.id = ${survivor} or item.merged_into = ${survivor})`
  await tx.sql`
    update triage_item item
    set merged_into = ${survivor},
        fence = item.fence + (item.id = ${merged})::int,
        lapses = head.lapses, escalated_at = head.escalated_at,
        escalated_before = head.escalated_before,
        leased_by = null, leased_until = null, claimed_at = null
    from triage_item head
    where head.id = ${merged}
      and item.completed_at is null and (item.id = ${merged} or item.merged_into = ${merged})`
}

/** The open item of a case lists these referrals, all of the case; its holder is told to look. */
export async function listReferrals(
  tx: Tx,
  caseId: string,
  referralIds: readonly string[],
): Promise<void> {
  await tx.sql`
    update triage_item item set referral_ids = ${referralIds as string[]}::uuid[], changed = true
    where item.case_id = ${caseId} and item.completed_at is null and item.merged_into is null`
}

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
      where item.case_id = ${caseId} and item.completed_at is null
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
          where item.case_id = ${caseId} and item.completed_at is null) member
    where head.case_id = ${caseId} and head.completed_at is null and head.merged_into is null`
}

/**
 * The items that were worked on as `headId` end with it, as it ended; those of referrals that got
 * no answer are opened anew, as one, so that nobody is lost with the answer to somebody else.
 *
 * @returns the referrals that are on the queue anew, in the order of their ids
 */
export async function endMembers(
  tx: Tx,
  headId: string,
  answered: readonly string[],
): Promise<string[]> {
  const ids = Array.from({ length: caseReferralsMax }, newId)
  const rows = await tx.sql<{ referralId: string }[]>`
    with ended as (
      update triage_item item
      set completed_at = head.completed_at, outcome = head.outcome,
          completed_late = head.completed_late
      from triage_item head
      where head.id = ${headId} and item.merged_into = head.id and item.completed_at is null
      returning item.id, item.referral_id, item.arrived_at, item.urgency, item.respond_by,
                item.own_due_at
    ), rest as (
      select member.*, head.case_id, head.referral_ids,
             row_number() over place as number,
             min(member.own_due_at) over () as due_at
      from (select * from ended
            union all
            select id, referral_id, arrived_at, urgency, respond_by, own_due_at
            from triage_item where id = ${headId}) member
      join triage_item head on head.id = ${headId}
      where not member.referral_id = any (${answered as string[]}::uuid[])
      window place as (order by member.own_due_at, member.arrived_at, member.id)
    )
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             respond_by, own_due_at, due_at, merged_into)
    select (${ids as string[]}::uuid[])[number], case_id, referral_id, referral_ids, arrived_at,
           urgency, respond_by, own_due_at, case when number = 1 then due_at else own_due_at end,
           case when number > 1 then (${ids as string[]}::uuid[])[1] end
    from rest
    returning referral_id as "referralId"`
  return rows.map(({ referralId }) => referralId).sort()
}

/**
 * What `endMembers` returned when that item was completed: the referrals that were worked on as it
 * and have had another item since.
 */
export async function selectRequeued(tx: Tx, headId: string): Promise<string[]> {
  const rows = await tx.sql<{ referralId: string }[]>`
    select ended.referral_id as "referralId"
    from triage_item head
    join triage_item ended on ended.id = head.id
      or (ended.merged_into = head.id and ended.completed_at = head.completed_at)
    where head.id = ${headId}
      and exists (select from triage_item later
                  where later.case_id = ended.case_id and later.referral_id = ended.referral_id
                    and (later.completed_at is null or later.completed_at > ended.completed_at))
    order by ended.referral_id`
  return rows.map(({ referralId }) => referralId)
}
