/** Who may be the same person, by equal match values: two set-based look-ups, however many there are. */
import type { Tx } from '../database/connect.ts'
import {
  type Candidate,
  type Compared,
  chooseSharers,
  sharersScannedMax,
  type ValueOfEpoch,
  weigh,
} from './evidence.ts'
import { selectAgreement, selectKnown, selectSharing, selectValues } from './store.ts'

/** Other referrals that share a value of one of `epochs` with this one, the likeliest first. */
export async function candidatesOf(tx: Tx, referralId: string, epochs: readonly number[]) {
  const values = await selectValues(tx, referralId)
  return candidatesFor(tx, within(values, epochs), referralId)
}

/** The same for values that belong to no referral, or to the one that is left out. */
export async function candidatesFor(
  tx: Tx,
  values: readonly ValueOfEpoch[],
  exceptId: string | null = null,
): Promise<{ candidates: Candidate[]; crowded: boolean }> {
  if (values.length === 0) return { candidates: [], crowded: false }
  const { ids, crowded, uncommon } = await sharersOf(tx, values, exceptId)
  if (ids.length === 0) return { candidates: [], crowded: false }
  const agreement = await selectAgreement(tx, values, ids, crowded, uncommon)
  return { candidates: weigh(values, agreement), crowded: crowded.length > 0 }
}

/** Who shares a value with these, and the numbers of the values that a crowd shares, or hardly anybody. */
async function sharersOf(tx: Tx, values: readonly ValueOfEpoch[], exceptId: string | null) {
  return chooseSharers(await selectSharing(tx, values, exceptId, sharersScannedMax))
}

/**
 * What the keys of `epochs` say of one referral and each of `ids`, also where they share no value.
 * Those are left out of which they can say nothing, because under none of the epochs the keys of both
 * are known.
 */
export async function compare(
  tx: Tx,
  referralId: string,
  ids: readonly string[],
  epochs: readonly number[],
): Promise<ReadonlyMap<string, Compared>> {
  const known = await selectKnown(tx, [referralId, ...ids], epochs)
  const own = known.filter((it) => it.referralId === referralId).map(({ epoch }) => epoch)
  const comparable = known.filter(({ epoch }) => own.includes(epoch))
  const found = new Map<string, Compared>(
    comparable.map((it) => [it.referralId, { verdict: 'none' }]),
  )
  found.delete(referralId)
  const values = within(await selectValues(tx, referralId), epochs)
  if (values.length === 0) return found
  const { crowded, uncommon } = await sharersOf(tx, values, referralId)
  const agreement = await selectAgreement(tx, values, ids, crowded, uncommon)
  for (const it of weigh(values, agreement)) {
    found.set(it.referralId, it)
  }
  return found
}

/**
 * Of an epoch that is no longer listed the values are being deleted, and half of them say too little.
 * Where no epoch is listed at all none is deleted either (retiring.ts).
 */
function within(values: readonly ValueOfEpoch[], epochs: readonly number[]): ValueOfEpoch[] {
  return values.filter(({ epoch }) => epochs.length === 0 || epochs.includes(epoch))
}
