/** Which referral stands in which case. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { isReferenceForm } from '../../protocol/envelope/acknowledgement.ts'

/**
 * Opens a case for a new referral, which waits to be paired from now on. Without RETURNING, and without
 * naming a conflict: the referrer, as whom this runs, may write the rows and never read them.
 */
export async function insertCase(tx: Tx, caseId: string, referralId: string): Promise<void> {
  await tx.sql`
    with opened as (
      insert into referral_case (case_id, referral_id) values (${caseId}, ${referralId}))
    insert into pairing (referral_id, queued_at) values (${referralId}, ${tx.now.toISOString()})`
}

/** A referral and the case that it stands in. */
export type Member = {
  readonly referralId: string
  readonly reference: string
  readonly caseId: string
  readonly receivedAt: string
}

/** All referrals of these cases, the oldest first. */
export async function selectMembers(tx: Tx, caseIds: readonly string[]): Promise<Member[]> {
  return tx.sql<Member[]>`
    select c.referral_id as "referralId", r.reference, c.case_id as "caseId",
           ${iso(tx, 'r.received_at')}
             as "receivedAt"
    from referral_case c join referral r on r.id = c.referral_id
    where c.case_id = any (${caseIds as string[]}::uuid[])
    order by r.received_at, r.id`
}

/** The case of each of these referrals. */
export async function selectCasesOf(
  tx: Tx,
  referralIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.sql<{ referralId: string; caseId: string }[]>`
    select referral_id as "referralId", case_id as "caseId" from referral_case
    where referral_id = any (${referralIds as string[]}::uuid[])`
  return new Map(rows.map(({ referralId, caseId }) => [referralId, caseId]))
}

/** The case of one of the referrals that were asked for: each has one as long as it is stored. */
export function caseIn(cases: ReadonlyMap<string, string>, referralId: string): string {
  const caseId = cases.get(referralId)
  if (caseId === undefined) throw new Error(`referral ${referralId} is in no case`)
  return caseId
}

/**
 * The case of this id. For one that was merged into another: where the referral is now by which it was
 * merged, which after a split need not be the case that it was merged into.
 */
export async function resolveCase(tx: Tx, caseId: string): Promise<string | undefined> {
  const [row] = await tx.sql<{ caseId: string }[]>`
    select c.case_id as "caseId" from referral_case c where c.case_id = ${caseId}
    union all
    (select c.case_id
     from judgement j join referral_case c on c.referral_id = j.merged_referral_id
     where j.merged_case_id = ${caseId}
     order by j.made_at desc
     limit 1)
    limit 1`
  return row?.caseId
}

/**
 * By which referrals these names, each the id of a case or a reference, lead to a case. A reference
 * names its own; the id of a case that was merged leads to the one by which it was, and `otherId` is
 * the one that this was held the same as. The id of a case that goes on leads to none.
 */
export async function selectLeading(tx: Tx, names: readonly string[]) {
  const references = names.filter(isReferenceForm)
  const caseIds = names.filter((name) => !isReferenceForm(name))
  return tx.sql<{ referralId: string; otherId: string | null }[]>`
    select id as "referralId", null::uuid as "otherId" from referral
    where reference = any (${references}::text[])
    union all
    (select distinct on (merged_case_id) merged_referral_id,
            case left_id when merged_referral_id then right_id else left_id end
     from judgement
     where merged_case_id = any (${caseIds}::uuid[])
     order by merged_case_id, made_at desc)`
}

/** The case of the referral with this reference, if there is one. */
export async function selectCaseByReference(
  tx: Tx,
  reference: string,
): Promise<string | undefined> {
  const [row] = await tx.sql<{ caseId: string }[]>`
    select c.case_id as "caseId"
    from referral r join referral_case c on c.referral_id = r.id
    where r.reference = ${reference}`
  return row?.caseId
}

/** Moves all referrals of one case to another. */
export async function moveCase(tx: Tx, from: string, to: string): Promise<void> {
  await tx.sql`update referral_case set case_id = ${to} where case_id = ${from}`
}

/** Moves these referrals, whatever case they are in. */
export async function moveReferrals(
  tx: Tx,
  referralIds: readonly string[],
  to: string,
): Promise<void> {
  await tx.sql`
    update referral_case set case_id = ${to}
    where referral_id = any (${referralIds as string[]}::uuid[])`
}

/** What is shown of each referral of a case. */
export async function selectReferralsOfCase(tx: Tx, caseId: string) {
  return tx.sql<
    {
      referralId: string
      reference: string
      receivedAt: string
      state: string
      notes: number
      unread: number
    }[]
  >`
    select r.id as "referralId", r.reference, r.state,
           (select count(*)::int from note n where n.referral_id = r.id) as notes,
           (select count(*)::int from message m
            where m.referral_id = r.id and m.side = 'referrer' and not exists (
              select from message_delivery d
              where d.referral_id = m.referral_id and d.place = m.place)) as unread,
           ${iso(tx, 'r.received_at')}
             as "receivedAt"
    from referral_case c join referral r on r.id = c.referral_id
    where c.case_id = ${caseId}
    order by r.received_at, r.id`
}
