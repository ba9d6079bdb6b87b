/**
 * What the service would do with scored pairs, one record after the other: join the best case that is
 * beyond doubt, and ask a person about others. Nobody answers here, so that no figure owes anything
 * to people. The steps are those of `src/cases/settling.ts`, which has them in a database.
 */
import {
  type Evidence,
  type Odds,
  questionsPerReferralMax,
  verdictOf,
} from '../../src/matching/odds.ts'
import { caseReferralsMax } from '../../src/triage/lease.ts'

export type ScoredPair = {
  readonly left: number
  readonly right: number
  readonly evidence: Evidence
  readonly odds: Odds
}

export type Settled = {
  /** The records of each case that has more than one. */
  readonly cases: readonly (readonly number[])[]
  /** How often a person is asked whether two cases are about the same person. */
  readonly questions: number
}

/** Settles `pairs`, which stand in order of arrival. */
export function settle(recordCount: number, pairs: readonly ScoredPair[]): Settled {
  const cases = Array.from({ length: recordCount }, (_, record) => createCase(record))
  const caseOf = [...cases]
  let questions = 0
  for (const candidates of byArrival(pairs)) {
    const [{ right }] = candidates as [ScoredPair]
    // Once it has joined: the cases that were asked about beside those that it is in now.
    let inDoubt: Set<Case> | undefined
    let asked = 0
    for (const { left, evidence, odds } of candidates.sort((a, b) => b.odds.score - a.odds.score)) {
      const verdict = verdictOf(evidence, odds)
      if (verdict === 'none') break
      const [own, other] = [caseOf[right]!, caseOf[left]!]
      if (own === other) continue
      const mayJoin = inDoubt === undefined || inDoubt.has(other)
      const hasRoom = own.records.length + other.records.length <= caseReferralsMax
      if (verdict === 'match' && mayJoin && hasRoom) {
        inDoubt = new Set([...(inDoubt ?? []), ...other.asked])
        for (const record of own.records) caseOf[record] = other
        join(own, other)
      } else if (asked < questionsPerReferralMax && !own.asked.has(other)) {
        own.asked.add(other)
        other.asked.add(own)
        asked += 1
      }
    }
    questions += asked
  }
  const long = cases.filter(({ records }) => records.length > 1)
  return { cases: long.map(({ records }) => records), questions }
}

type Case = { records: number[]; readonly asked: Set<Case> }

function createCase(record: number): Case {
  return { records: [record], asked: new Set() }
}

/** Moves all of one case into another, and the questions about it. Those between the two are answered. */
function join(from: Case, into: Case): void {
  into.records.push(...from.records)
  from.records = []
  into.asked.delete(from)
  for (const other of from.asked) {
    other.asked.delete(from)
    if (other === into) continue
    other.asked.add(into)
    into.asked.add(other)
  }
}

function byArrival(pairs: readonly ScoredPair[]): ScoredPair[][] {
  const arrivals = new Map<number, ScoredPair[]>()
  for (const pair of pairs) {
    const candidates = arrivals.get(pair.right)
    if (candidates) candidates.push(pair)
    else arrivals.set(pair.right, [pair])
  }
  return [...arrivals.values()]
}
