/**
 * Joining cases: the same act whether match keys, an amendment or a person asks.
 *
 * A case is what `same` judgements connect. Joining writes one and moves one case's referrals to
 * the other; splitting (splitting.ts) ends those that connect. The queue follows in the same
 * transaction. All of it runs under one lock of the database (`casesLock`), so that no two change
 * the same case at once; claims and completions go on meanwhile, item by item.
 */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { caseReferralsMax } from '../triage/lease.ts'
import { mergeItems } from '../triage/service.ts'
import {
  type Basis,
  type Bit,
  endJudgements,
  insertJudgement,
  selectBetween,
} from './judgement-store.ts'
import type { NoteRef } from './note-store.ts'
import { insertFlag } from './pairing-store.ts'
import { moveCase, selectCasesOf, selectMembers } from './store.ts'

/** Who changes cases takes it, or waits for it. */
export const casesLock = 'cases'

/** Why two referrals are joined. */
export type Reason = {
  readonly basis: Basis
  readonly probability: number | null
  readonly bits: readonly Bit[]
  readonly note?: NoteRef
}

/**
 * Makes one case of those of two referrals. Does nothing where they share one.
 *
 * @returns the case that goes on
 * @throws Refusal `case-full`
 */
export async function mergeCases(
  tx: Tx,
  between: readonly [string, string],
  reason: Reason,
): Promise<string> {
  const cases = await selectCasesOf(tx, between)
  const [one = '', other = ''] = between.map((id) => cases.get(id))
  if (one === other) return one
  const members = await selectMembers(tx, [one, other])
  if (members.length > caseReferralsMax) {
    throw new Refusal('case-full', `together they would hold over ${caseReferralsMax} referrals`)
  }
  const older = members[0]?.caseId ?? one
  const younger = older === one ? other : one
  const ids = members.map(({ referralId }) => referralId)
  const { kept, merged } = await mergeItems(tx, older, younger, ids)
  const moot = await selectBetween(tx, members)
  const entryId = newId()
  const { basis, probability, bits } = reason
  await moveCase(tx, merged, kept)
  await endJudgements(
    tx,
    moot.map(({ id }) => id),
  )
  const referralId = between[one === merged ? 0 : 1]
  await insertJudgement(tx, {
    ...{ between, verdict: 'same', ...reason, entryId },
    merged: { caseId: merged, referralId },
  })
  const details = { merged, referrals: ids.length, ...detailsOf({ basis, probability, bits }) }
  const object = { kind: 'case', id: kept } as const
  await append(tx, { action: 'case.merged', object, details }, entryId)
  return kept
}

/** The same, where nobody waits for the answer: where there is no room, the first is marked. */
export async function mergeIfRoom(
  tx: Tx,
  between: readonly [string, string],
  reason: Reason,
): Promise<boolean> {
  const cases = await selectCasesOf(tx, between)
  if ((await selectMembers(tx, [...cases.values()])).length > caseReferralsMax) {
    await insertFlag(tx, between[0], 'full')
    return false
  }
  await mergeCases(tx, between, reason)
  return true
}

/** What an entry of the log says of the grounds. */
export function detailsOf({ basis, probability, bits }: Reason) {
  return {
    basis,
    ...(probability !== null && { probability: probability.toFixed(4) }),
    ...(bits.length > 0 && {
      bits: bits.map(({ type, because, bits: log2 }) => `${type} ${because} ${log2}`).join(', '),
    }),
  }
}
