/**
 * Wraps that recipients pass on: to one more reader for a while, or all of a key's to the key that follows it
 * (docs/PROTOCOL.md, "Grants"). Whether somebody may grant is for the one who calls.
 */
import { appendAll } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { compartmentsOf, everSealedTo } from '../directory/service.ts'
import type { Grant } from '../protocol/messages/grant.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import {
  countPassed,
  deleteEnded,
  deleteGrant,
  deleteLesser,
  deletePassed,
  holdReferrals,
  insertGrant,
  type NewGrant,
  type Passing,
  selectGrants,
  selectHeld,
  selectUnpassed,
} from './grant-store.ts'
import { present, presentGrant } from './releasing.ts'
import type { ReleasedReferral } from './schemas.ts'
import { selectWrapped } from './store.ts'

/** What the holder of a key may pass on of a referral. */
export type Held = {
  readonly header: Uint8Array
  readonly compartments: readonly CompartmentName[]
  /** When its own wrap ends, if that was granted for a while. */
  readonly endsAt: string | null
}

/** Of `ids` what `kid` holds, by referral. They stay as they are until the transaction ends. */
export async function heldBy(
  tx: Tx,
  ids: readonly string[],
  kid: string,
): Promise<ReadonlyMap<string, Held>> {
  await holdReferrals(tx, ids)
  const held = new Map<string, Held>()
  for (const { referralId, keysetVersion, granted, ...row } of await selectHeld(tx, ids, kid)) {
    const compartments = granted ?? (await compartmentsOf(tx, keysetVersion, kid))
    held.set(referralId, { ...row, compartments })
  }
  return held
}

/**
 * Adds a wrap with its grant, unless its key has one: `same` where that came with this very grant. One that ends, or is of
 * fewer compartments, is `replaced` by one of all of its without an end: whoever rotates passes on what was only lent.
 */
export async function addGrant(
  tx: Tx,
  grant: NewGrant,
): Promise<'new' | 'replaced' | 'same' | 'other'> {
  const isReplaced = await deleteLesser(tx, grant)
  const added = await insertGrant(tx, grant)
  return isReplaced && added === 'new' ? 'replaced' : added
}

/** The grants of a referral that are in force, the oldest first. */
export async function grantsOf(tx: Tx, referralId: string): Promise<Grant[]> {
  return (await selectGrants(tx, referralId)).map(presentGrant)
}

/** Deletes a wrap that was granted; one of sealing stays. @returns whether there was one */
export function removeGrant(tx: Tx, referralId: string, kid: string): Promise<boolean> {
  return deleteGrant(tx, referralId, kid)
}

/** The step that deletes wraps which ended, each with its entry. @returns how many */
export async function endGrants(tx: Tx, count: number): Promise<number> {
  const ended = await deleteEnded(tx, count)
  await appendAll(
    tx,
    ended.map(({ referralId, kid }) => ({
      action: 'grant.ended',
      object: { kind: 'referral', id: referralId },
      recipient: kid,
    })),
  )
  return ended.length
}

/** From which key to which, and what that may have. */
type Following = Omit<Passing, 'sealed'>

async function passingOf(tx: Tx, following: Following): Promise<Passing> {
  return { ...following, sealed: await everSealedTo(tx, following.from) }
}

/** Wraps without a compartment, of referrals that are not passed on to `to` yet; and how many there are in all. */
export async function releaseWraps(
  tx: Tx,
  following: Following,
  after: string,
  limit: number,
): Promise<{ referrals: ReleasedReferral[]; next?: string; passed: number; left: number }> {
  const passing = await passingOf(tx, following)
  const ids = await selectUnpassed(tx, passing, after, limit + 1)
  const page = ids.slice(0, limit)
  const rows = await selectWrapped(tx, page, passing.from, [])
  const last = ids.length > limit ? page.at(-1) : undefined
  return {
    referrals: rows.map((row) => present(row, passing.from, [])),
    ...(last !== undefined && { next: last }),
    ...(await countPassed(tx, passing)),
  }
}

/** Deletes wraps of a key whose referrals are passed on. @returns the referrals, and how many are left with and without */
export async function giveUpPassed(tx: Tx, following: Following, count: number) {
  const passing = await passingOf(tx, following)
  const deleted = await deletePassed(tx, passing, count)
  return { deleted, ...(await countPassed(tx, passing)) }
}
