import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { Place } from '../database/page.ts'
import { bytesArray } from '../database/types.ts'
import { openStates } from '../referral/codes/state.ts'
import type { Agreement, Sharing, ValueOfEpoch } from './evidence.ts'

export type MatchValue = { readonly type: string; readonly value: Uint8Array }

/**
 * Keeps the values of a referral that came at `at`. Without RETURNING: a referrer may not read what
 * it wrote here.
 */
export async function insertValues(
  tx: Tx,
  referralId: string,
  at: string,
  values: readonly ValueOfEpoch[],
): Promise<void> {
  await tx.sql`
    insert into match_value (referral_id, epoch, type, value, at)
    select ${referralId}, epoch, type, value, ${at}
    from unnest(${values.map(({ epoch }) => epoch)}::int[],
                ${values.map(({ type }) => type)}::text[],
                ${bytesArray(values.map(({ value }) => value))}::bytea[])
      as given (epoch, type, value)`
}

/** All values of one referral. */
export async function selectValues(tx: Tx, referralId: string): Promise<ValueOfEpoch[]> {
  return tx.sql<ValueOfEpoch[]>`
    select epoch, type, value from match_value where referral_id = ${referralId}`
}

export async function deleteValues(tx: Tx, referralId: string, epoch: number): Promise<void> {
  await tx.sql`delete from match_value where referral_id = ${referralId} and epoch = ${epoch}`
}

/** Values as rows, numbered from 1. In hexadecimal, for the driver has no list of bytes. */
function rowsOf(tx: Tx, values: readonly ValueOfEpoch[]) {
  return tx.sql`(
    select epoch, type, decode(hex, 'hex') as value, number::int as number
    from unnest(${values.map(({ epoch }) => epoch)}::int[],
                ${values.map(({ type }) => type)}::text[],
                ${values.map(({ value }) => Buffer.from(value).toString('hex'))}::text[])
           with ordinality as given (epoch, type, hex, number))`
}

/**
 * The referrals with an equal value, for each value the `scanned` oldest of them: a value that
 * thousands share costs no more than one that few do.
 *
 * @returns one row for each value and referral, `number` naming the value
 */
export async function selectSharing(
  tx: Tx,
  values: readonly ValueOfEpoch[],
  exceptId: string | null,
  scanned: number,
): Promise<Sharing[]> {
  return tx.sql<Sharing[]>`
    select shared.referral_id as "referralId", own.number
    from ${rowsOf(tx, values)} own
    cross join lateral (
      select other.referral_id
      from match_value other
      where other.epoch = own.epoch and other.type = own.type and other.value = own.value
        and other.referral_id is distinct from ${exceptId}::uuid
      order by other.at, other.referral_id
      limit ${scanned}
    ) shared`
}

/** Those of `ids` that share a value of one of `epochs`, or of any if there are none, with another referral. */
export async function selectSharers(
  tx: Tx,
  ids: readonly string[],
  epochs: readonly number[],
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select distinct own.referral_id as id
    from match_value own
    cross join lateral (
      select from match_value other
      where other.epoch = own.epoch and other.type = own.type and other.value = own.value
        and other.referral_id <> own.referral_id
      limit 1
    ) shared
    where own.referral_id = any (${ids as string[]}::uuid[])
      and (cardinality(${epochs as number[]}::int[]) = 0 or own.epoch = any (${epochs as number[]}::int[]))`
  return rows.map(({ id }) => id)
}

/**
 * What each of `ids` has, type by type: a type without an equal value is there with 0.
 *
 * @param crowded - the numbers of `values`, from 1, that a crowd shares
 * @param uncommon - the numbers of those that hardly anybody has
 */
export async function selectAgreement(
  tx: Tx,
  values: readonly ValueOfEpoch[],
  ids: readonly string[],
  crowded: readonly number[],
  uncommon: readonly number[],
): Promise<Agreement[]> {
  // The time stands in the values too, but not in the index that answers the rest of this by itself.
  return tx.sql<Agreement[]>`
    select shared.*, (extract(epoch from r.received_at) * 1000)::float8 as at
    from (
      select other.referral_id as "referralId", other.epoch, other.type,
             count(*)::int as held, count(own.value)::int as agreeing,
             (count(own.value) filter (
               where own.number <> all (${crowded as number[]}::int[])))::int as uncrowded,
             (count(own.value) filter (
               where own.number = any (${uncommon as number[]}::int[])))::int as uncommon
      from match_value other
      left join ${rowsOf(tx, values)} own
        on own.epoch = other.epoch and own.type = other.type and own.value = other.value
      where other.referral_id = any (${ids as string[]}::uuid[])
      group by other.referral_id, other.epoch, other.type
    ) shared join referral r on r.id = shared."referralId"`
}

/**
 * Under which of `epochs` the keys of each of `ids` are known: it has some, or was found to have none.
 * Without epochs: under which each has some.
 */
export async function selectKnown(tx: Tx, ids: readonly string[], epochs: readonly number[]) {
  return tx.sql<{ referralId: string; epoch: number }[]>`
    select m.referral_id as "referralId", m.epoch from match_value m
    where m.referral_id = any (${ids as string[]}::uuid[])
      and (cardinality(${epochs as number[]}::int[]) = 0 or m.epoch = any (${epochs as number[]}::int[]))
    union
    select c.referral_id, c.epoch from match_check c
    where c.referral_id = any (${ids as string[]}::uuid[])
      and c.epoch = any (${epochs as number[]}::int[])`
}

export type Check = {
  readonly referralId: string
  readonly epoch: number
  readonly signer: string
  readonly signature: Uint8Array
}

/** Who vouches for the keys of a referral, last. */
export async function upsertCheck(tx: Tx, check: Check): Promise<void> {
  await tx.sql`
    insert into match_check (referral_id, epoch, checked_at, signer, signature)
    values (${check.referralId}, ${check.epoch}, ${tx.now.toISOString()}, ${check.signer},
            ${check.signature})
    on conflict (referral_id, epoch) do update
    set checked_at = excluded.checked_at, signer = excluded.signer, signature = excluded.signature`
}

/** Of `ids` those that have values of `epoch` or a check of them, and whether they were checked. */
export async function selectStanding(tx: Tx, ids: readonly string[], epoch: number) {
  return tx.sql<{ id: string; checked: boolean }[]>`
    select r.id, c.referral_id is not null as checked
    from unnest(${ids as string[]}::uuid[]) as r (id)
    left join match_check c on c.referral_id = r.id and c.epoch = ${epoch}
    where c.referral_id is not null
      or exists (select from match_value m where m.referral_id = r.id and m.epoch = ${epoch})`
}

/**
 * Referrals that have values under one of `epochs`, the newest first, without a check of that epoch,
 * or no check of the newest, from behind `after` on. Of those that have their answer and no unchecked
 * values only those that were never checked under any epoch.
 */
export async function selectUnchecked(
  tx: Tx,
  epochs: readonly number[],
  after: Place | undefined,
  only: string | undefined,
  count: number,
): Promise<Place[]> {
  // Materialized: most are checked, and their values are then not looked at.
  return tx.sql<Place[]>`
    with missing as materialized (
      select r.id, r.organisation_id, r.received_at, r.state, listed.epoch
      from referral r cross join unnest(${epochs as number[]}::int[]) as listed (epoch)
      where not exists (
        select from match_check c where c.referral_id = r.id and c.epoch = listed.epoch)
    ), listed as (
      select r.id, r.received_at,
             row_number() over (partition by r.organisation_id
                                order by r.received_at, r.id)::int as turn
      from missing r
      where exists (select from match_value m where m.referral_id = r.id and m.epoch = r.epoch)
        or r.epoch = ${epochs[0] ?? 0}
          and (r.state = any (${[...openStates]}::text[])
               or not exists (select from match_check c where c.referral_id = r.id))
      group by r.id, r.organisation_id, r.received_at
    )
    select turn, id, ${iso(tx, 'received_at')} as at
    from listed
    where (${only ?? null}::uuid is null or id = ${only ?? null}::uuid)
      and (turn, received_at, id) > (${after?.turn ?? 0}::int,
                                     ${after?.at ?? '-infinity'}::timestamptz,
                                     ${after?.id ?? '00000000-0000-0000-0000-000000000000'}::uuid)
    order by turn, received_at, id
    limit ${count}`
}

/** Deletes at most `count` values of epochs before `epoch`; answers how many there were. */
export async function deleteEpochsBefore(tx: Tx, epoch: number, count: number): Promise<number> {
  const deleted = await tx.sql`
    delete from match_value
    where ctid = any (array (
      select ctid from match_value where epoch < ${epoch} order by epoch limit ${count}))`
  return deleted.count
}
