/** What becomes of one referral and those that may be about the same person. */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { questionsPerReferralMax } from '../matching/odds.ts'
import { type Candidate, compare } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import { components } from './components.ts'
import { detailsOf, type Judgement } from './judgement.ts'
import { mergeIfRoom } from './merge.ts'
import { insertFlag, insertFlagOnce } from './store/flags.ts'
import { insertJudgement, selectCurrent, selectLinks } from './store/judgements.ts'
import { selectCasesOf, selectMembers } from './store/members.ts'

/** More referrals than this that match keys alone hold together are shown to a person. */
const longCaseReferrals = 4

/**
 * Joins the best case that is beyond doubt, and asks a person about the others. Where it was in doubt
 * already whether that case and another are one, and this referral is beyond doubt of both, it is
 * the answer. Cases that have nothing else in common it does not tie together.
 */
export async function settle(tx: Tx, id: string, candidates: readonly Candidate[]) {
  let place: Place | undefined
  const said = await selectCurrent(tx, [id])
  // Joined already, by whatever, it would tie two cases together through itself: an amendment about
  // somebody else, for one, ties that person's case to the one that it amends.
  const isTied = said.some(({ verdict }) => verdict === 'same')
  let wasMerged = false
  // Those that others asked about it count as well: a person sees them all beside it.
  let questions = said.filter(({ verdict }) => verdict === 'possible').length
  let isUnasked = false
  // Of fifty candidates in one full case only the first is asked whether it has room.
  const full = new Set<string>()
  for (const candidate of candidates) {
    if (candidate.verdict === 'none') break
    place ??= await placeOf(tx, id, candidates)
    const other = place.cases.get(candidate.referralId)
    if (other === undefined || other === place.own || place.answered.has(other)) continue
    const isMatch = candidate.verdict === 'match' && !isTied && !full.has(other)
    if (isMatch && (!wasMerged || (await areInDoubt(tx, id, place.own, other)))) {
      if (await mergeByKeys(tx, id, candidate)) {
        wasMerged = true
        // What is held of the case that it joined is held of it from now on.
        place = undefined
        continue
      }
      full.add(other)
    }
    if (place.asked.has(other)) continue
    if (questions >= questionsPerReferralMax) {
      isUnasked = true
      continue
    }
    await ask(tx, id, candidate, other)
    place.asked.add(other)
    questions += 1
  }
  if (isUnasked) await insertFlag(tx, id, 'unasked')
}

/**
 * Whether a person is asked about two cases because too little agrees, and not on the word of this
 * referral. A question that stands because another referral is beyond doubt of both is none of these:
 * the same again is no answer to it.
 */
async function areInDoubt(tx: Tx, id: string, caseId: string, otherId: string) {
  const questions = (await selectCurrent(tx, await idsIn(tx, caseId))).filter(
    ({ verdict, leftId, rightId }) => verdict === 'possible' && leftId !== id && rightId !== id,
  )
  const others = await idsIn(tx, otherId)
  for (const { leftId, rightId } of questions) {
    const [inside, outside] = others.includes(rightId) ? [leftId, rightId] : [rightId, leftId]
    if (!others.includes(outside)) continue
    const found = await compare(tx, inside, [outside])
    if (found.get(outside)?.verdict === 'possible') return true
  }
  return false
}

async function mergeByKeys(tx: Tx, id: string, candidate: Candidate) {
  const { probability, bits } = candidate.sure
  const reason = { basis: 'keys', probability, bits } as const
  if (!(await mergeIfRoom(tx, [id, candidate.referralId], reason))) return false
  if ((await heldByKeys(tx, id)) > longCaseReferrals) await insertFlagOnce(tx, id, 'long')
  return true
}

async function ask(tx: Tx, id: string, candidate: Candidate, other: string) {
  const entryId = newId()
  const { probability, bits } = candidate.odds
  const reason = { basis: 'keys', probability, bits } as const
  const between = [id, candidate.referralId] as const
  await insertJudgement(tx, { between, verdict: 'possible', ...reason, entryId })
  const object = { kind: 'case', id: other } as const
  const details = { referral: id, ...detailsOf(reason) }
  await append(tx, { action: 'case.asked', object, details }, entryId)
}

async function idsIn(tx: Tx, caseId: string): Promise<string[]> {
  return (await selectMembers(tx, [caseId])).map(({ referralId }) => referralId)
}

/** How many referrals match keys alone hold together with this one, itself counted. */
async function heldByKeys(tx: Tx, id: string): Promise<number> {
  const cases = await selectCasesOf(tx, [id])
  const ids = (await selectMembers(tx, [...cases.values()])).map(({ referralId }) => referralId)
  const links = (await selectLinks(tx, ids)).filter(({ basis }) => basis === 'keys')
  return components(ids, links).find((part) => part.includes(id))?.length ?? 0
}

type Place = Awaited<ReturnType<typeof placeOf>>

/** Where a referral stands among those it is compared with. */
async function placeOf(tx: Tx, id: string, candidates: readonly Candidate[]) {
  const cases = await selectCasesOf(tx, [id, ...candidates.map(({ referralId }) => referralId)])
  const own = cases.get(id) ?? ''
  return { own, cases, ...(await judgedCases(tx, own)) }
}

/**
 * The cases about which something is held of this one: `answered` where a person has judged that they
 * are not it, or is not sure; `asked` where a person is asked already.
 */
export async function judgedCases(tx: Tx, caseId: string) {
  const members = await idsIn(tx, caseId)
  const judged = (await selectCurrent(tx, members)).filter(({ verdict }) => verdict !== 'same')
  const ends = judged.flatMap(({ leftId, rightId }) => [leftId, rightId])
  const cases = await selectCasesOf(
    tx,
    ends.filter((id) => !members.includes(id)),
  )
  const of = (wanted: (judgement: Judgement) => boolean) => {
    const found = judged.filter(wanted).flatMap(({ leftId, rightId }) => {
      return cases.get(members.includes(leftId) ? rightId : leftId) ?? []
    })
    return new Set(found)
  }
  return {
    answered: of(({ basis }) => basis === 'person'),
    asked: of(({ verdict }) => verdict === 'possible'),
  }
}
