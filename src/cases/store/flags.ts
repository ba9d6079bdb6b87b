/** What people should look at: the flags of cases, and the list of flags and open questions. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Place } from '../../database/page.ts'
import { newId } from '../../protocol/uuid.ts'
import type { FlagKind } from '../judgement.ts'

/** Flags a referral. One that has this flag already comes to the end of the list again. */
export async function insertFlag(tx: Tx, referralId: string, kind: FlagKind): Promise<void> {
  await tx.sql`
    insert into case_flag (id, referral_id, kind, at)
    values (${newId()}, ${referralId}, ${kind}, ${tx.now.toISOString()})
    on conflict (referral_id, kind) do update set at = excluded.at`
}

/** The flag of a withdrawal that was asked for, by who asks. It names no conflict: a referrer reads no flags. */
export async function insertWithdrawalFlag(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`
    insert into case_flag (id, referral_id, kind, at)
    values (${newId()}, ${referralId}, 'withdrawal', ${tx.now.toISOString()})
    on conflict do nothing`
}

/** Flags a case, by one of its referrals, unless any of them has this flag. @returns whether none had */
export async function insertFlagOnce(tx: Tx, referralId: string, kind: FlagKind): Promise<boolean> {
  const inserted = await tx.sql`
    insert into case_flag (id, referral_id, kind, at)
    select ${newId()}, ${referralId}, ${kind}, ${tx.now.toISOString()}
    where not exists (
      select from case_flag f
      join referral_case c on c.referral_id = f.referral_id
      join referral_case own on own.case_id = c.case_id and own.referral_id = ${referralId}
      where f.kind = ${kind})`
  return inserted.count > 0
}

/** Takes a flag off a referral, if it has it. */
export async function deleteFlag(tx: Tx, referralId: string, kind: FlagKind): Promise<void> {
  await tx.sql`delete from case_flag where referral_id = ${referralId} and kind = ${kind}`
}

/** The flags of a case, the oldest first. */
export async function selectFlags(tx: Tx, caseId: string) {
  return tx.sql<{ referralId: string; kind: FlagKind; at: string }[]>`
    select f.referral_id as "referralId", f.kind,
           ${iso(tx, 'f.at')} as at
    from case_flag f join referral_case c on c.referral_id = f.referral_id
    where c.case_id = ${caseId}
    order by f.at, f.id`
}

/** Deletes the flags of a case, and returns how many it had. */
export async function deleteFlags(tx: Tx, caseId: string): Promise<number> {
  const deleted = await tx.sql`
    delete from case_flag f using referral_case c
    where c.referral_id = f.referral_id and c.case_id = ${caseId}`
  return deleted.count
}

/** An open question, or a flag. */
export type Review = {
  readonly id: string
  readonly at: string
  readonly kind: 'possible' | FlagKind
  readonly caseId: string
  readonly otherId: string | null
  readonly probability: number | null
}

/** What waits for a person, the oldest first: open questions, and flags. */
export async function selectReviews(
  tx: Tx,
  after: Place | undefined,
  count: number,
): Promise<Review[]> {
  const [at, id] = [after?.at ?? '-infinity', after?.id ?? '00000000-0000-0000-0000-000000000000']
  return tx.sql<Review[]>`
    select id, kind, "caseId", "otherId", probability,
           ${iso(tx, 'at')} as at
    from (
      (select j.id, j.made_at as at, 'possible' as kind, one.case_id as "caseId",
              other.case_id as "otherId", j.probability::float8 as probability
       from judgement j
       join referral_case one on one.referral_id = j.left_id
       join referral_case other on other.referral_id = j.right_id
       where j.ended_at is null and j.verdict in ('possible', 'unsure')
         and (j.made_at, j.id) > (${at}::timestamptz, ${id}::uuid)
       order by j.made_at, j.id
       limit ${count})
      union all
      (select f.id, f.at, f.kind, c.case_id, null, null
       from case_flag f join referral_case c on c.referral_id = f.referral_id
       where (f.at, f.id) > (${at}::timestamptz, ${id}::uuid)
       order by f.at, f.id
       limit ${count})
    ) review
    order by review.at, review.id
    limit ${count}`
}
