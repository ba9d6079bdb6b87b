/** How often matching is right, over records of which it is known whom they are about. */
import { type Evidence, type Judged, judge, matchProbability } from '../../src/matching/odds.ts'
import type { Rule } from '../../src/matching/rule.ts'
import type { Weights } from '../../src/matching/weights.ts'
import { type MatchKey, matchKeys } from '../../src/protocol/matching/matchkeys.ts'
import { settle } from './cases.ts'
import { type Pair, pairsOf } from './pairs.ts'
import type { TrueRecord } from './records.ts'

/** From this probability on a pair counts as found. It is that of a coin, not tuned to any set. */
export const foundProbability = 0.5

/** Records, and the pairs of them that share a value. */
export type Compared = {
  readonly truths: readonly string[]
  readonly pairs: readonly Pair[]
  readonly valuesPerRecord: number
}

/**
 * Of the pairs found, how many are of one person; and of all pairs of one person, also those that
 * share no value, how many are found. 1 where there is nothing to divide by.
 */
export type Rates = { readonly precision: number; readonly recall: number }

export type Figures = Rates & {
  readonly f1: number
  /** Pairs that came into one case without a person's decision. */
  readonly automatic: Rates & { readonly wrong: number }
  /** Questions to people, of 1,000 records. */
  readonly reviewPer1000: number
  readonly valuesPerRecord: number
  /**
   * Pairs by themselves, without the cases that they make: by probability, `likely` where it is high
   * enough to merge, and `automatic` where what agrees allows that too.
   */
  readonly pairs: {
    readonly found: Rates & { readonly f1: number }
    readonly automatic: Rates
    readonly at99: Rates
    readonly likely: Rates
  }
}

/** One record's keys, and whom it is about. */
export type Keyed = Pick<TrueRecord, 'truth' | 'isCopy' | 'group'> & {
  readonly keys: readonly MatchKey[]
}

/** Makes the keys of records, of `types` if given. */
export function keysOf(records: readonly TrueRecord[], types?: readonly string[]): Keyed[] {
  return records.map(({ person, ...record }) => ({ ...record, keys: matchKeys(person, types) }))
}

/** Finds the pairs of records, in order of arrival, that the service would compare. */
export function compare(records: readonly Keyed[]): Compared {
  const values = records.reduce((sum, { keys }) => sum + keys.length, 0)
  return {
    truths: records.map(({ truth }) => truth),
    pairs: pairsOf(records.map(({ keys }) => keys)),
    valuesPerRecord: values / Math.max(1, records.length),
  }
}

export function isMatch({ truths }: Compared, { left, right }: Pair): boolean {
  return truths[left] === truths[right]
}

/** Judges evidence by a table, each piece once; without the rule `off`, if any. */
export function judgeBy(table?: Weights, off?: Rule): (evidence: Evidence) => Judged {
  const known = new Map<Evidence, Judged>()
  return (evidence) => {
    const judged = known.get(evidence) ?? judge(evidence, table, off)
    known.set(evidence, judged)
    return judged
  }
}

/** @param judged - by default by the weights in use; a pair is passed where a fold decides */
export function measure(
  compared: Compared,
  judged: (pair: Pair) => Judged = forEvidence(judgeBy()),
): Figures {
  const { truths, valuesPerRecord } = compared
  const pairs = compared.pairs.map((pair) => ({ ...pair, ...judged(pair) }))
  const { cases, questions } = settle(truths.length, pairs)
  const merged = cases.flatMap(pairsWithin)
  const probable = (from: number) => pairs.filter(({ odds }) => odds.probability >= from)
  const rates = (found: readonly Couple[]) => ratesOf(truths, found)
  const found = withF1(rates(union(merged, probable(foundProbability), truths.length)))
  return {
    ...found,
    automatic: rates(merged),
    reviewPer1000: (1000 * questions) / Math.max(1, truths.length),
    valuesPerRecord,
    pairs: {
      found: withF1(rates(probable(foundProbability))),
      automatic: rates(pairs.filter(({ verdict }) => verdict === 'match')),
      at99: rates(probable(0.99)),
      likely: rates(probable(matchProbability)),
    },
  }
}

export function forEvidence(judged: (evidence: Evidence) => Judged): (pair: Pair) => Judged {
  return ({ evidence }) => judged(evidence)
}

/** How right the pairs from `probability` on are. */
export function ratesFrom(
  { truths, pairs }: Compared,
  judged: (pair: Pair) => Judged,
  probability: number,
): Rates {
  return ratesOf(
    truths,
    pairs.filter((pair) => judged(pair).odds.probability >= probability),
  )
}

type Couple = { readonly left: number; readonly right: number }

/** Rates of pairs, none of which is there twice, and how many are of two people. */
export function ratesOf(
  truths: readonly string[],
  found: readonly Couple[],
): Rates & { wrong: number } {
  const right = found.filter((pair) => truths[pair.left] === truths[pair.right]).length
  const all = truePairs(truths)
  return {
    wrong: found.length - right,
    precision: found.length === 0 ? 1 : right / found.length,
    recall: all === 0 ? 1 : right / all,
  }
}

function withF1({ precision, recall }: Rates): Rates & { f1: number } {
  const sum = precision + recall
  return { f1: sum === 0 ? 0 : (2 * precision * recall) / sum, precision, recall }
}

function truePairs(truths: readonly string[]): number {
  const sizes = new Map<string, number>()
  for (const truth of truths) sizes.set(truth, (sizes.get(truth) ?? 0) + 1)
  return [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0)
}

function pairsWithin(records: readonly number[]): Couple[] {
  return records.flatMap((one, index) =>
    records.slice(index + 1).map((other) => {
      return { left: Math.min(one, other), right: Math.max(one, other) }
    }),
  )
}

function union(some: readonly Couple[], others: readonly Couple[], records: number): Couple[] {
  const couples = [...some, ...others].map(
    (pair) => [pair.left * records + pair.right, pair] as const,
  )
  return [...new Map(couples).values()]
}
