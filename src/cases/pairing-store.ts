/** The referrals that wait to be paired, and what people should look at. */
import type { Tx } from '../database/connect.ts'
import type { Place } from '../database/page.ts'
import { newId } from '../protocol/uuid.ts'

/** A new referral waits from now on. Without RETURNING, and without naming a conflict: the referrer may not read it. */
export async function queueNew(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`
    insert into pairing (referral_id, queued_at) values (${referralId}, ${tx.now.toISOString()})`
}

/** Once more, because what is known of them has changed. */
export async function queueAgain(tx: Tx, referralIds: readonly string[]): Promise<void> {
  await tx.sql`
    insert into pairing (referral_id, queued_at)
    select id, ${tx.now.toISOString()} from unnest(${referralIds as string[]}::uuid[]) as id
    order by id
    on conflict (referral_id) do update
    set queued_at = least(pairing.queued_at, excluded.queued_at), attempts = 0, not_before = null`
}

/**
 * The referral that waits longest, locked. One that somebody is queueing again this instant is
 * passed over: it is there once that is committed.
 */
export async function takeNext(tx: Tx) {
  const [row] = await tx.sql<{ referralId: string; supersedes: string | null }[]>`
    select p.referral_id as "referralId", r.supersedes
    from pairing p join referral r on r.id = p.referral_id
    where p.not_before is null or p.not_before <= now()
    order by p.queued_at, p.referral_id
    limit 1
    for update of p skip locked`
  return row
}

/** Those of `ids` that wait to be paired themselves. */
export async function selectWaiting(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.sql<{ id: string }[]>`
    select referral_id as id from pairing where referral_id = any (${ids as string[]}::uuid[])`
  return new Set(rows.map(({ id }) => id))
}

/** It waits no more. */
export async function endPairing(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`delete from pairing where referral_id = ${referralId}`
}

/** Longest between two tries of a referral whose pairing fails. */
const retrySecondsMax = 300

/** What failed waits, twice as long each time, and the others go first. */
export async function postpone(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`
    update pairing
    set attempts = least(attempts + 1, 100),
        not_before = now() + make_interval(
          secs => least(${retrySecondsMax}::int, power(2, least(attempts, 10))::int))
    where referral_id = ${referralId}`
}

/** Why a person should look; in words in `schemas.ts`. */
export type FlagKind = 'long' | 'shared' | 'replaced' | 'full' | 'unasked'

/** Marks a referral for people to look at. Marked already, it comes to the end of the list again. */
export async function insertFlag(tx: Tx, referralId: string, kind: FlagKind): Promise<void> {
  await tx.sql`
    insert into case_flag (id, referral_id, kind, at)
    values (${newId()}, ${referralId}, ${kind}, ${tx.now.toISOString()})
    on conflict (referral_id, kind) do update set at = excluded.at`
}

/** Marks a case, by one of its referrals, unless any of them is marked so already. */
export async function insertFlagOnce(tx: Tx, referralId: string, kind: FlagKind): Promise<void> {
  await tx.sql`
    insert into case_flag (id, referral_id, kind, at)
    select ${newId()}, ${referralId}, ${kind}, ${tx.now.toISOString()}
    where not exists (
      select from case_flag f
      join referral_case c on c.referral_id = f.referral_id
      join referral_case own on own.case_id = c.case_id and own.referral_id = ${referralId}
      where f.kind = ${kind})`
}

/** The marks of a case, the oldest first. */
export async function selectFlags(tx: Tx, caseId: string) {
  return tx.sql<{ referralId: string; kind: FlagKind; at: string }[]>`
    select f.referral_id as "referralId", f.kind,
           to_char(f.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from case_flag f join referral_case c on c.referral_id = f.referral_id
    where c.case_id = ${caseId}
    order by f.at, f.id`
}

/** Unmarks a case; answers how many marks it had. */
export async function deleteFlags(tx: Tx, caseId: string): Promise<number> {
  const deleted = await tx.sql`
    delete from case_flag f using referral_case c
    where c.referral_id = f.referral_id and c.case_id = ${caseId}`
  return deleted.count
}

/** An open question, or a mark. */
export type Review = {
  readonly id: string
  readonly at: string
  readonly kind: 'possible' | FlagKind
  readonly caseId: string
  readonly otherId: string | null
  readonly probability: number | null
}

/** What waits for a person, the oldest first: open questions, and marked cases. */
export async function selectReviews(
  tx: Tx,
  after: Place | undefined,
  count: number,
): Promise<Review[]> {
  const [at, id] = [after?.at ?? '-infinity', after?.id ?? '00000000-0000-0000-0000-000000000000']
  return tx.sql<Review[]>`
    select id, kind, "caseId", "otherId", probability,
           to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
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
