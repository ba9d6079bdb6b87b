/** The referrals that wait to be paired. */
import type { Tx } from '../../database/connect.ts'

/** Once more, because what is known of them has changed. */
export async function pairAgain(tx: Tx, referralIds: readonly string[]): Promise<void> {
  await tx.sql`
    insert into pairing (referral_id, queued_at)
    select id, ${tx.now.toISOString()} from unnest(${referralIds as string[]}::uuid[]) as id
    order by id
    on conflict (referral_id) do update
    set queued_at = least(pairing.queued_at, excluded.queued_at), attempts = 0, not_before = null`
}

/** Those of `referralIds` wait that did not. @returns them */
export async function pairOthers(tx: Tx, referralIds: readonly string[]): Promise<string[]> {
  const queued = await tx.sql<{ id: string }[]>`
    insert into pairing (referral_id, queued_at)
    select id, ${tx.now.toISOString()} from unnest(${referralIds as string[]}::uuid[]) as id
    order by id
    on conflict (referral_id) do nothing
    returning referral_id as id`
  return queued.map(({ id }) => id).sort()
}

export type Waiting = { readonly referralId: string; readonly supersedes: string | null }

/**
 * At most `count` of those that wait, the longest first, locked. One that somebody makes wait again this
 * instant is passed over: it is there once that is committed.
 */
export async function takeNext(tx: Tx, count: number): Promise<Waiting[]> {
  return tx.sql<Waiting[]>`
    select p.referral_id as "referralId", r.supersedes
    from pairing p join referral r on r.id = p.referral_id
    where p.not_before is null or p.not_before <= now()
    order by p.queued_at, p.referral_id
    limit ${count}
    for update of p skip locked`
}

/** Those of `ids` that wait to be paired themselves. */
export async function selectWaiting(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.sql<{ id: string }[]>`
    select referral_id as id from pairing where referral_id = any (${ids as string[]}::uuid[])`
  return new Set(rows.map(({ id }) => id))
}

/** Ends the wait of these referrals. */
export async function endPairing(tx: Tx, referralIds: readonly string[]): Promise<void> {
  await tx.sql`delete from pairing where referral_id = any (${referralIds as string[]}::uuid[])`
}

/** Longest between two tries of a referral whose pairing fails. */
const retrySecondsMax = 300

/** Makes a referral that failed wait, twice as long each time; the others go first. */
export async function postpone(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`
    update pairing
    set attempts = least(attempts + 1, 100),
        not_before = now() + make_interval(
          secs => least(${retrySecondsMax}::int, power(2, least(attempts, 10))::int))
    where referral_id = ${referralId}`
}
