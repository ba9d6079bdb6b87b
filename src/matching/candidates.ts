/** Who may be the same person, by equal match values: two set-based look-ups, however many there are. */
import type { Tx } from '../database/connect.ts'
import {
  type Candidate,
  chooseSharers,
  sharersScannedMax,
  type ValueOfEpoch,
  weigh,
} from './evidence.ts'
import { selectAgreement, selectSharing, selectValues } from './store.ts'

/** Other referrals that share a value with this one, the likeliest first. */
export async function candidatesOf(tx: Tx, referralId: string) {
  return candidatesFor(tx, await selectValues(tx, referralId), referralId)
}

/** The same for values that belong to no referral, or to the one that is left out. */
export async function candidatesFor(
  tx: Tx,
  values: readonly ValueOfEpoch[],
  exceptId: string | null = null,
): Promise<{ candidates: Candidate[]; crowded: boolean }> {
  if (values.length === 0) return { candidates: [], crowded: false }
  const sharing = await selectSharing(tx, values, exceptId, sharersScannedMax)
  const { ids, crowded } = chooseSharers(sharing)
  if (ids.length === 0) return { candidates: [], crowded }
  return { candidates: weigh(values, await selectAgreement(tx, values, ids)), crowded }
}

/** What the keys say of one referral and each of `ids`, also where they share no value now. */
export async function compare(
  tx: Tx,
  referralId: string,
  ids: readonly string[],
): Promise<Candidate[]> {
  const values = await selectValues(tx, referralId)
  return values.length === 0 ? [] : weigh(values, await selectAgreement(tx, values, ids))
}
