/** Wraps that are added after the sealing, each with the grant that allows it, and wraps that are taken away. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { CompartmentName } from '../referral/compartment.ts'

/** What the holder of a key has of a referral. */
export type Held = {
  readonly referralId: string
  readonly header: Uint8Array
  readonly keysetVersion: number
  /** `null` of a wrap of sealing, whose compartments its keyset says. */
  readonly granted: CompartmentName[] | null
  readonly endsAt: string | null
}

export type NewGrant = {
  readonly referralId: string
  readonly kid: string
  readonly encapsulated: Uint8Array
  readonly sealedKeys: Uint8Array
  readonly compartments: readonly CompartmentName[]
  readonly grantedBy: string
  /** Both as they were signed. */
  readonly at: string
  readonly until: string | undefined
  readonly signature: Uint8Array
  readonly endsAt: Date | undefined
}

/** A grant in force, as it was signed. */
export type GrantRow = {
  readonly kid: string
  readonly compartments: CompartmentName[]
  readonly grantedBy: string
  readonly at: string
  readonly until: string | null
  readonly signature: Uint8Array
}

/**
 * Keeps the referrals as they are until the transaction ends: whoever erases or moves one of them waits, or was before,
 * and what is read of them next is what was left.
 */
export async function holdReferrals(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.sql`
    select from referral where id = any (${ids as string[]}::uuid[]) order by id for share`
}

/** Of `ids` those that there is a wrap of for `kid`. */
export async function selectHeld(tx: Tx, ids: readonly string[], kid: string): Promise<Held[]> {
  return tx.sql<Held[]>`
    select r.id as "referralId", r.header, r.keyset_version as "keysetVersion",
           w.granted_compartments as granted, ${iso(tx, 'w.ends_at')} as "endsAt"
    from referral r join wrap w on w.referral_id = r.id and w.kid = ${kid}
    where r.id = any (${ids as string[]}::uuid[])`
}

/**
 * Deletes a grant to the same key that ends, or is of fewer compartments, where this one is of all of its and has no end.
 *
 * @returns whether there was one
 */
export async function deleteLesser(tx: Tx, grant: NewGrant): Promise<boolean> {
  if (grant.endsAt) return false
  const given = tx.sql`${grant.compartments as string[]}::text[]`
  const { count } = await tx.sql`
    delete from wrap
    where referral_id = ${grant.referralId} and kid = ${grant.kid} and ${given} @> granted_compartments
      and (ends_at is not null or not granted_compartments @> ${given})`
  return count > 0
}

/** Adds a wrap, unless there is one for its key: then `same` if that came with this very grant. */
export async function insertGrant(tx: Tx, grant: NewGrant): Promise<'new' | 'same' | 'other'> {
  const { referralId, kid, signature } = grant
  const { count } = await tx.sql`
    insert into wrap (referral_id, kid, encapsulated, sealed_keys, granted_compartments, granted_by, granted_at,
                      granted_until, grant_signature, ends_at)
    values (${referralId}, ${kid}, ${grant.encapsulated}, ${grant.sealedKeys},
            ${grant.compartments as string[]}::text[], ${grant.grantedBy}, ${grant.at}, ${grant.until ?? null},
            ${signature}, ${grant.endsAt?.toISOString() ?? null})
    on conflict do nothing`
  if (count === 1) return 'new'
  const same = await tx.sql`
    select from wrap
    where referral_id = ${referralId} and kid = ${kid} and grant_signature = ${signature}`
  return same.length === 1 ? 'same' : 'other'
}

/** The grants of a referral that are in force, the oldest first. */
export async function selectGrants(tx: Tx, referralId: string): Promise<GrantRow[]> {
  return tx.sql<GrantRow[]>`
    select kid, granted_compartments as compartments, granted_by as "grantedBy", granted_at as at,
           granted_until as until, grant_signature as signature
    from wrap where referral_id = ${referralId} and grant_signature is not null
    order by granted_at, kid`
}

/** Deletes a wrap that was granted. @returns whether there was one */
export async function deleteGrant(tx: Tx, referralId: string, kid: string): Promise<boolean> {
  const { count } = await tx.sql`
    delete from wrap
    where referral_id = ${referralId} and kid = ${kid} and grant_signature is not null`
  return count === 1
}

/** Deletes wraps that ended, at most so many. */
export async function deleteEnded(tx: Tx, count: number) {
  return tx.sql<{ referralId: string; kid: string }[]>`
    select referral_id as "referralId", kid from delete_ended_wraps(${count})`
}

/** The next referrals behind `after` whose wrap for `from` is not passed on to `to`, by their ids. */
export async function selectUnpassed(
  tx: Tx,
  passing: Passing,
  after: string,
  count: number,
): Promise<string[]> {
  const { from } = passing
  const rows = await tx.sql<{ id: string }[]>`
    select w.referral_id as id from wrap w
    where (w.kid, w.referral_id) > (${from}, ${after}::uuid) and w.kid <= ${from}
      and not exists (select from wrap n where ${isPassed(tx, passing)})
    order by w.kid, w.referral_id limit ${count}`
  return rows.map(({ id }) => id)
}

/** From which key wraps are passed on, and to which. */
export type Passing = {
  readonly from: string
  readonly to: string
  /** What the key that follows may have, by the newest keyset or directory. */
  readonly listed: readonly CompartmentName[]
  /** The compartments that were sealed to `from`, by the version of the keyset. */
  readonly sealed: Readonly<Record<number, readonly CompartmentName[]>>
}

/**
 * That the wrap `n` does all that the wrap `w` of the key which is given up does: it was sealed, or granted for as long
 * and of all that `w` is of and the key that follows may have.
 */
function isPassed({ sql }: Tx, { to, listed, sealed }: Passing) {
  return sql`
    n.referral_id = w.referral_id and n.kid = ${to}
    and (n.grant_signature is null
      or (n.ends_at is null or n.ends_at >= w.ends_at)
        and not exists (
          select from unnest(${listed as string[]}::text[]) name
          where not name = any (n.granted_compartments)
            and case when w.granted_compartments is null
              then ${JSON.stringify(sealed)}::text::jsonb
                -> (select keyset_version::text from referral where id = w.referral_id) ? name
              else name = any (w.granted_compartments) end))`
}

/** How many referrals have a wrap for `from`: passed on to `to`, or not. */
export async function countPassed(tx: Tx, passing: Passing) {
  const [row] = await tx.sql<[{ passed: number; left: number }]>`
    select count(n.kid)::int as passed, (count(*) - count(n.kid))::int as left
    from wrap w left join wrap n on ${isPassed(tx, passing)}
    where w.kid = ${passing.from}`
  return row
}

/** Deletes at most `count` wraps for `from` that are passed on to `to`. @returns the referrals */
export async function deletePassed(tx: Tx, passing: Passing, count: number): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    delete from wrap gone using (
      select w.referral_id from wrap w join wrap n on ${isPassed(tx, passing)}
      where w.kid = ${passing.from}
        and (w.grant_signature is not null or n.grant_signature is not null and n.ends_at is null)
      order by w.referral_id limit ${count}) passed
    where gone.referral_id = passed.referral_id and gone.kid = ${passing.from}
    returning gone.referral_id as id`
  return rows.map(({ id }) => id)
}
