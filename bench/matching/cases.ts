/**
 * What the service would do with scored pairs, one record after the other: join the best case that is
 * beyond doubt, and ask a person about others. Nobody answers here, so that no figure owes anything
 * to people. The steps are those of `src/cases/settling.ts`, which has them in a database.
 */
import { likelier } from '../../src/matching/evidence.ts'
import { type Judged, questionsPerReferralMax } from '../../src/matching/odds.ts'
import { caseReferralsMax } from '../../src/triage/lease.ts'

export type JudgedPair = Judged & { readonly left: number; readonly right: number }

export type Settled = {
  /** The records of each case that has more than one. */
  readonly cases: readonly (readonly number[])[]
  /** How often a person is asked whether two cases are about the same person. */
  readonly questions: number
}

/** Settles `pairs`, which stand in order of arrival. */
export function settle(recordCount: number, pairs: readonly JudgedPair[]): Settled {
  const cases = Array.from({ length: recordCount }, (_, record) => createCase(record))
  const caseOf = [...cases]
  let questions = 0
  for (const candidates of byArrival(pairs)) {
    const [{ right }] = candidates as [JudgedPair]
    // Once it has merged: the cases that were in doubt beside those that it is in now.
    let inDoubt: Set<Case> | undefined
    let asked = 0
    for (const { left, verdict } of candidates.sort(likelier)) {
      if (verdict === 'none') break
      const [own, other] = [caseOf[right]!, caseOf[left]!]
      if (own === other) continue
      const mayMerge = inDoubt === undefined || inDoubt.has(other)
      const hasRoom = own.records.length + other.records.length <= caseReferralsMax
      if (verdict === 'match' && mayMerge && hasRoom) {
        inDoubt = new Set([...(inDoubt ?? []), ...other.doubts])
        for (const record of own.records) caseOf[record] = other
        join(own, other)
      } else if (asked < questionsPerReferralMax && !own.asked.has(other)) {
        tie(own, other, 'asked')
        if (verdict === 'possible') tie(own, other, 'doubts')
        asked += 1
      }
    }
    questions += asked
  }
  const long = cases.filter(({ records }) => records.length > 1)
  return { cases: long.map(({ records }) => records), questions }
}

/** `doubts` are those of `asked` that too little agrees to merge: not those that came second. */
type Case = { records: number[]; readonly asked: Set<Case>; readonly doubts: Set<Case> }

function createCase(record: number): Case {
  return { records: [record], asked: new Set(), doubts: new Set() }
}

function tie(one: Case, other: Case, by: 'asked' | 'doubts'): void {
  one[by].add(other)
  other[by].add(one)
}

/** Moves all of one case into another, and the questions about it. Those between the two are answered. */
function join(from: Case, into: Case): void {
  into.records.push(...from.records)
  from.records = []
  for (const by of ['asked', 'doubts'] as const) {
    for (const other of from[by]) {
      other[by].delete(from)
      if (other !== into) tie(into, other, by)
    }
  }
}

function byArrival(pairs: readonly JudgedPair[]): JudgedPair[][] {
  const arrivals = new Map<number, JudgedPair[]>()
  for (const pair of pairs) {
    const candidates = arrivals.get(pair.right)
    if (candidates) candidates.push(pair)
    else arrivals.set(pair.right, [pair])
  }
  return [...arrivals.values()]
}
