/**
 * Match values: equal for equal people, and saying nothing else. Which referrals share them, and
 * how likely it is that they are about one person. Whether they are is `cases`' to decide.
 */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { type PageQuery, page } from '../database/page.ts'
import { matchingEpochs } from '../directory/service.ts'
import type { CheckedEnvelope } from '../protocol/envelope/check.ts'
import * as candidates from './candidates.ts'
import { sameValues } from './evidence.ts'
import type { Unchecked } from './schemas.ts'
import {
  type Check,
  deleteValues,
  insertValues,
  type MatchValue,
  selectKnown,
  selectSharers,
  selectStanding,
  selectUnchecked,
  selectValues,
  upsertCheck,
} from './store.ts'

export { candidatesFor } from './candidates.ts'

/** Keeps the match values of a new referral, if it came with any. */
export async function addValues(tx: Tx, { header, matching }: CheckedEnvelope): Promise<void> {
  const { referralId } = header
  const at = tx.now.toISOString()
  const values = (matching ?? []).flatMap(({ epoch, values: ofEpoch }) =>
    ofEpoch.map((value) => ({ ...value, epoch })),
  )
  if (values.length > 0) await insertValues(tx, referralId, at, values)
}

/**
 * Puts the values that a recipient made from what it opened in the place of those there are.
 *
 * @param receivedAt - of the referral, which is when its values count from
 * @returns what stood there before: the same, nothing, or something else. That a recipient found
 *   none is something: whoever says otherwise later contradicts it
 */
export async function replaceValues(
  tx: Tx,
  check: Check,
  receivedAt: string,
  values: readonly MatchValue[],
): Promise<'same' | 'none' | 'other'> {
  const { referralId, epoch } = check
  const known = await selectKnown(tx, [referralId], [epoch])
  await upsertCheck(tx, check)
  const before = (await selectValues(tx, referralId)).filter((value) => value.epoch === epoch)
  if (sameValues(before, values)) return 'same'
  await deleteValues(tx, referralId, epoch)
  const made = values.map((value) => ({ ...value, epoch }))
  if (made.length > 0) await insertValues(tx, referralId, receivedAt, made)
  return known.length > 0 ? 'other' : 'none'
}

/** What is known of the keys of each referral, under the newest epoch; of one without any, nothing. */
export async function keysOf(
  tx: Tx,
  ids: readonly string[],
): Promise<ReadonlyMap<string, 'unchecked' | 'checked'>> {
  const [epoch] = await matchingEpochs(tx)
  if (epoch === undefined) return new Map()
  const rows = await selectStanding(tx, ids, epoch)
  return new Map(rows.map(({ id, checked }) => [id, checked ? 'checked' : 'unchecked']))
}

/**
 * Ids of referrals whose keys of an epoch of the newest keyset no recipient has made again: of each
 * organisation in turn, the oldest first, so that one that sends many keeps no other waiting. What
 * is checked between two pages moves others forward, past the cursor: begin anew to find them.
 *
 * Clients ask every second, so an answer is logged only where it names somebody: an empty list discloses
 * nothing.
 */
export async function unchecked(
  tx: Tx,
  { referralId, ...query }: PageQuery & { readonly referralId?: string },
): Promise<Unchecked> {
  const epochs = await matchingEpochs(tx)
  const [epoch] = epochs
  const { rows, ...rest } = await page(
    query,
    (after, count) => selectUnchecked(tx, epochs, after, referralId, count),
    (row) => row,
  )
  if (rows.length > 0) {
    await append(tx, { action: 'match-keys.listed', details: { referrals: rows.length } })
  }
  return {
    ...(epoch !== undefined && { epoch }),
    referralIds: rows.map(({ id }) => id),
    ...rest,
  }
}

/** Other referrals that share a value with this one, the likeliest first: candidates.ts. */
export async function candidatesOf(tx: Tx, referralId: string) {
  return candidates.candidatesOf(tx, referralId, await matchingEpochs(tx))
}

/** The same of each of `ids` that shares a value with another: the rest have no candidates, and are left out. */
export async function candidatesOfEach(tx: Tx, ids: readonly string[]) {
  const epochs = await matchingEpochs(tx)
  const sharers = await selectSharers(tx, ids, epochs)
  return Promise.all(
    sharers.map(async (referralId) => {
      return { referralId, ...(await candidates.candidatesOf(tx, referralId, epochs)) }
    }),
  )
}

/** What keys say of one referral and each of `ids`; of whom they cannot say, nothing. */
export async function compare(tx: Tx, referralId: string, ids: readonly string[]) {
  return candidates.compare(tx, referralId, ids, await matchingEpochs(tx))
}
