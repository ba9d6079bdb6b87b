/**
 * Merging cases: the same act whether match keys, an amendment or a person asks.
 *
 * A case is what `same` judgements connect. A merge writes one and moves one case's referrals to
 * the other; a split (split.ts) ends those that connect. The queue follows in the same
 * transaction. All of it runs under one lock of the database (`casesLock`), so that no two
 * transactions change the same case at once; claims and completions go on meanwhile, item by item.
 */
import type { Fact } from '../audit/entry.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { caseReferralsMax } from '../triage/lease.ts'
import { mergeItems } from '../triage/service.ts'
import { detailsOf, type Reason } from './judgement.ts'
import { endJudgements, insertJudgement, selectBetween } from './store/judgements.ts'
import { caseIn, moveCase, selectCasesOf, selectMembers } from './store/members.ts'

/** What a merge did, as an entry of the log says it. */
export type Merged = {
  /** The case that goes on. */
  readonly caseId: string
  /** The one whose id goes out of use. */
  readonly merged: string
  readonly details: Readonly<Record<string, Fact>>
}

/**
 * Makes one case of the cases of two referrals, which are two.
 *
 * @param entryId - of the entry of the log in which the caller says what was done
 * @throws Refusal `case-full`
 */
export async function mergeCases(
  tx: Tx,
  between: readonly [string, string],
  reason: Reason,
  entryId: string,
): Promise<Merged> {
  const cases = await selectCasesOf(tx, between)
  const [one, other] = [caseIn(cases, between[0]), caseIn(cases, between[1])]
  if (one === other) throw new Error(`both referrals are in case ${one} already`)
  const members = await selectMembers(tx, [one, other])
  if (members.length > caseReferralsMax) {
    throw new Refusal('case-full', `together they would hold over ${caseReferralsMax} referrals`)
  }
  // The queue decides which id goes on, because a client may hold a lease on one of the two cases.
  // Where no item decides it, the case of the oldest referral goes on.
  const [older, younger] = members[0]?.caseId === other ? [other, one] : [one, other]
  const ids = members.map(({ referralId }) => referralId)
  const { kept, merged } = await mergeItems(tx, older, younger, ids)
  // Whatever was held of the two against each other has its answer.
  const answered = await selectBetween(tx, members)
  await moveCase(tx, merged, kept)
  await endJudgements(tx, answered)
  // The judgement also remembers the id that goes out of use, and the referral by which it leads to
  // the case that goes on, also after a later split.
  const referralId = between[one === merged ? 0 : 1]
  await insertJudgement(tx, {
    ...reason,
    between,
    verdict: 'same',
    entryId,
    merged: { caseId: merged, referralId },
  })
  // A crash before the commit leaves two cases, two items and no judgement. The referrals of a merge
  // by keys still wait to be paired; a person repeats the request.
  return { caseId: kept, merged, details: { merged, referrals: ids.length, ...detailsOf(reason) } }
}
