/** What becomes of one referral and those that may be about the same person. */
import type { Audit } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { questionsPerReferralMax } from '../matching/odds.ts'
import type { Candidate } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import { caseReferralsMax } from '../triage/lease.ts'
import { insertJudgement, type Judgement, selectCurrent } from './judgement-store.ts'
import { detailsOf, type Merging } from './merging.ts'
import { insertFlag, insertFlagOnce } from './pairing-store.ts'
import { selectCasesOf, selectMembers } from './store.ts'

/** A case of more referrals than this, held together by match keys, is shown to a person. */
const longCaseReferrals = 4

export function createSettling({ audit, merging }: { audit: Audit; merging: Merging }) {
  /** Joins the best case that is beyond doubt, and asks a person about the others. */
  async function settle(tx: Tx, caller: Caller, id: string, candidates: readonly Candidate[]) {
    let place: Place | undefined
    const said = (await selectCurrent(tx, [id])).filter(({ basis }) => basis === 'keys')
    // Joined by its keys already, it would tie two cases together through itself.
    let joined = said.some(({ verdict }) => verdict === 'same')
    let questions = said.filter(({ verdict }) => verdict === 'possible').length
    // Of fifty candidates in one full case only the first is asked whether it has room.
    const full = new Set<string>()
    for (const candidate of candidates) {
      if (candidate.verdict === 'none') break
      place ??= await placeOf(tx, id, candidates)
      const other = place.cases.get(candidate.referralId)
      if (other === undefined || other === place.own || place.answered.has(other)) continue
      if (candidate.verdict === 'match' && !joined && !full.has(other)) {
        joined = await joinIfRoom(tx, caller, id, candidate)
        if (joined) {
          // What is held of the case that it joined is held of it from now on.
          place = undefined
          continue
        }
        full.add(other)
      }
      if (questions >= questionsPerReferralMax || place.asked.has(other)) continue
      await ask(tx, caller, id, candidate, other)
      place.asked.add(other)
      questions += 1
    }
  }

  async function joinIfRoom(tx: Tx, caller: Caller, id: string, candidate: Candidate) {
    const cases = await selectCasesOf(tx, [id, candidate.referralId])
    const members = await selectMembers(tx, [...cases.values()])
    if (members.length > caseReferralsMax) {
      await insertFlag(tx, id, 'full')
      return false
    }
    const { probability, bits } = candidate.odds
    const reason = { basis: 'keys', probability, bits } as const
    await merging.join(tx, caller, [id, candidate.referralId], reason)
    if (members.length > longCaseReferrals) await insertFlagOnce(tx, id, 'long')
    return true
  }

  async function ask(tx: Tx, caller: Caller, id: string, candidate: Candidate, other: string) {
    const entryId = newId()
    const { probability, bits } = candidate.odds
    const reason = { basis: 'keys', probability, bits } as const
    const between = [id, candidate.referralId] as const
    await insertJudgement(tx, { between, verdict: 'possible', ...reason, entryId })
    const object = { kind: 'case', id: other } as const
    const details = { referral: id, ...detailsOf(reason) }
    await audit.append(tx, caller, { action: 'case.asked', object, details }, entryId)
  }

  return { settle }
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
  const members = (await selectMembers(tx, [caseId])).map(({ referralId }) => referralId)
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
