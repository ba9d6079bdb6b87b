/**
 * What is to be done about one referral and those that may be about the same person. Pure: no
 * transaction, no clock, and nothing is read. pairing.ts reads what is held, and carries out the plan.
 *
 * A plan is made from what is held *before* any of it is done, though its first merge changes what is
 * held. Nothing needs to be read again, because a merge changes it in one way only: what was held of
 * either case is held of both from then on. So a plan keeps the set of cases that are merged so far,
 * and asks of each other case what is held between it and any of that set.
 */
import type { Candidate, Compared } from '../matching/evidence.ts'
import { questionsPerReferralMax } from '../matching/odds.ts'
import { caseReferralsMax } from '../triage/lease.ts'
import { components } from './components.ts'
import { bitsText, type FlagKind, type Grounds, type Judgement, otherOf } from './judgement.ts'

/** More referrals than this that match keys alone hold together are shown to a person. */
export const longCaseReferrals = 4

/**
 * At most so many questions stand about a referral, whoever asked them. Each is one that new keys of it
 * may take back, and those who asked are compared again: for the oldest of a crowd that gives one telephone
 * they would be all of the crowd.
 *
 * A hostile referrer can use the places up, with as many referrals that are a little like one. It hides
 * nobody: what is beyond doubt is still merged, and so is an amendment, whatever stands; of what is asked
 * about no more, the asker is flagged `unasked`, which a person sees as well; and each question that a
 * person answers gives a place back.
 */
export const questionsAboutMax = 50

/** What is held of two referrals. */
export type Said = Pick<Judgement, 'leftId' | 'rightId' | 'verdict' | 'basis'>

/** What is held before anything is done. */
export type Held = {
  /** All referrals of the cases in question: the referral's own, and those of the others. */
  readonly members: readonly { readonly referralId: string; readonly caseId: string }[]
  /** Each current judgement of which at least one end is among `members`. */
  readonly current: readonly Said[]
}

/** One thing to do about the referral that is paired. */
export type Act =
  /** Merge its case with that of another referral. */
  | { readonly act: 'merge'; readonly referralId: string; readonly grounds: Grounds }
  /** Ask a person about it and another referral, which is in that case. */
  | {
      readonly act: 'ask'
      readonly referralId: string
      readonly caseId: string
      readonly grounds: Grounds
    }
  /** Flag it. */
  | { readonly act: 'flag'; readonly kind: FlagKind }

/**
 * What to do about a referral and its candidates, in the order in which to do it.
 *
 * - Its case is merged with the best case that is a match and has room.
 * - A second case is merged only if it was in doubt already whether that case and what is merged so far
 *   are one: this referral is the answer. Two cases that have nothing else in common are not merged
 *   because one referral matches both. Nor is anything merged with a referral that is held the same as
 *   another already: an amendment about somebody else would merge two people's cases.
 * - A person is asked about every other case, once, up to `questionsPerReferralMax`, and about no
 *   referral about which `questionsAboutMax` stand already.
 * - What a person has answered is neither merged nor asked again.
 *
 * @param candidates - the likeliest first; none with the verdict `none`
 * @param doubts - those of `questionsToSettle` of which keys still say `possible`
 */
export function planPairing(
  id: string,
  candidates: readonly Candidate[],
  held: Held,
  doubts: readonly Said[],
): Act[] {
  const acts: Act[] = []
  const flags = new Set<FlagKind>()
  const flag = (kind: FlagKind) => {
    if (!flags.has(kind)) acts.push({ act: 'flag', kind })
    flags.add(kind)
  }
  const caseOf = caseOfEach(held)
  const heldByKeys = partsByKeys(held)
  const answers = held.current.filter(isAnswer)
  const possible = held.current.filter(isQuestion)
  const isTied = held.current.some((said) => said.verdict === 'same' && isAbout(said, id))

  // What will be one case, and how many referrals it will hold, in all and by keys alone.
  const merged = new Set([caseOf.get(id)])
  let size = sizeOf(held, caseOf.get(id))
  let byKeys = heldByKeys(id)
  // Which cases a person will be asked about, and how many questions will stand about this referral.
  const asked = new Set<string>()
  // What others asked about this referral counts as well: a person sees all of them together.
  const standing = countEnds(possible)
  let questions = standing.get(id) ?? 0

  for (const { referralId, verdict, sure, odds } of candidates) {
    const other = caseOf.get(referralId)
    if (other === undefined || merged.has(other)) continue
    // A person's answer about any of what is merged so far is an answer about all of it.
    if (between(answers, caseOf, merged, other)) continue
    const mayMerge = merged.size === 1 || between(doubts, caseOf, merged, other)
    if (verdict === 'match' && !isTied && mayMerge) {
      if (size + sizeOf(held, other) <= caseReferralsMax) {
        acts.push({ act: 'merge', referralId, grounds: byKeysFrom(sure) })
        merged.add(other)
        size += sizeOf(held, other)
        // The merge is one more link by keys: it connects the parts of its two ends.
        byKeys += heldByKeys(referralId)
        if (byKeys > longCaseReferrals) flag('long')
        continue
      }
      // Without room it is a question like the others, and a person may make room.
      flag('full')
    }
    if (asked.has(other) || between(possible, caseOf, merged, other)) continue
    const isFull = (standing.get(referralId) ?? 0) >= questionsAboutMax
    if (questions >= questionsPerReferralMax || isFull) {
      flag('unasked')
      continue
    }
    acts.push({ act: 'ask', referralId, caseId: other, grounds: byKeysFrom(odds) })
    asked.add(other)
    questions += 1
  }
  return acts
}

/**
 * The questions that this referral could settle: those between two cases, each its own or that of a
 * match. A question about itself is none of them, nor does one count that stands only because another
 * referral matches both cases: the caller compares the two referrals of each again, and keeps those
 * of which too little agrees.
 */
export function questionsToSettle(
  id: string,
  candidates: readonly Pick<Candidate, 'referralId' | 'verdict'>[],
  held: Held,
): Said[] {
  const caseOf = caseOfEach(held)
  const matches = candidates.filter(({ verdict }) => verdict === 'match')
  const cases = new Set(
    [id, ...matches.map(({ referralId }) => referralId)].map((it) => caseOf.get(it)),
  )
  cases.delete(undefined)
  // With one other case there is no second merge to decide on.
  if (cases.size < 3) return []
  return held.current.filter((said) => {
    const [left, right] = [caseOf.get(said.leftId), caseOf.get(said.rightId)]
    return (
      isQuestion(said) &&
      !isAbout(said, id) &&
      left !== right &&
      cases.has(left) &&
      cases.has(right)
    )
  })
}

/**
 * What to do about a referral that amends another: it is about the same person, whatever its keys,
 * unless a person has answered otherwise. No odds are asked for.
 */
export function planAmendment(id: string, amendedId: string, held: Held): Act[] {
  const caseOf = caseOfEach(held)
  const [own, other] = [caseOf.get(id), caseOf.get(amendedId)]
  if (own === undefined || other === undefined || own === other) return []
  if (between(held.current.filter(isAnswer), caseOf, new Set([own]), other)) return []
  if (sizeOf(held, own) + sizeOf(held, other) > caseReferralsMax) {
    return [{ act: 'flag', kind: 'full' }]
  }
  const grounds = { basis: 'amendment', probability: null, bits: [] } as const
  return [{ act: 'merge', referralId: amendedId, grounds }]
}

/**
 * Which of the judgements that keys made of a referral no longer hold, and which hold on other grounds.
 *
 * @param said - current judgements of the referral, by keys
 * @param found - what keys say now of the other referral of each
 */
export function planWithdrawal<T extends Judgement>(
  id: string,
  said: readonly T[],
  found: ReadonlyMap<string, Compared>,
): { readonly over: T[]; readonly renewed: T[] } {
  const over: T[] = []
  const renewed: T[] = []
  for (const judgement of said) {
    const now = found.get(otherOf(judgement, id))
    // Where nothing can be compared any more, what was found when it could be stands.
    if (now === undefined) continue
    const isMerged = judgement.verdict === 'same'
    // A question stands where keys say more than before: the case that they say it of may be full.
    const holds = isMerged ? now.verdict === 'match' : now.verdict !== 'none'
    const { probability, bits } = (isMerged ? now.sure : now.odds) ?? {
      probability: null,
      bits: [],
    }
    if (!holds) over.push(judgement)
    else if (bitsText(bits) !== bitsText(judgement.bits)) {
      renewed.push({ ...judgement, probability, bits })
    }
  }
  return { over, renewed }
}

type CaseOf = ReadonlyMap<string, string>

function caseOfEach({ members }: Held): CaseOf {
  return new Map(members.map(({ referralId, caseId }) => [referralId, caseId]))
}

function sizeOf({ members }: Held, caseId: string | undefined): number {
  return members.filter((member) => member.caseId === caseId).length
}

/** Of how many of `said` each referral is an end. */
function countEnds(said: readonly Said[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const id of said.flatMap(({ leftId, rightId }) => [leftId, rightId])) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** Whether any of `said` is between one of `cases` and `other`, which is not one of them. */
function between(
  said: readonly Said[],
  caseOf: CaseOf,
  cases: ReadonlySet<string | undefined>,
  other: string,
): boolean {
  return said.some(({ leftId, rightId }) => {
    const [left, right] = [caseOf.get(leftId), caseOf.get(rightId)]
    return (left === other && cases.has(right)) || (right === other && cases.has(left))
  })
}

/** How many referrals match keys alone hold together with one, itself counted. */
function partsByKeys({ members, current }: Held): (id: string) => number {
  const ids = members.map(({ referralId }) => referralId)
  const links = current.filter(({ verdict, basis }) => verdict === 'same' && basis === 'keys')
  const parts = components(ids, links)
  return (id) => parts.find((part) => part.includes(id))?.length ?? 0
}

function isAbout({ leftId, rightId }: Said, id: string): boolean {
  return leftId === id || rightId === id
}

/** A person has said that the two are not the same, or is not sure. */
function isAnswer({ basis, verdict }: Said): boolean {
  return basis === 'person' && verdict !== 'same'
}

function isQuestion({ verdict }: Said): boolean {
  return verdict === 'possible'
}

function byKeysFrom({ probability, bits }: Candidate['odds']): Grounds {
  return { basis: 'keys', probability, bits }
}
