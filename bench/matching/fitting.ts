/** From pairs whose truth is known to a table of weights. */
import { type Evidence, tokensAgree } from '../../src/matching/odds.ts'
import { counts, isComparable, rowOf, typesOf } from '../../src/matching/rows.ts'
import type { Weights } from '../../src/matching/weights.ts'
import { fitLogistic, type Observation } from './regression.ts'

/** A pair, whether it is of one person, and how much it counts. */
export type Lesson = {
  readonly evidence: Evidence
  readonly isMatch: boolean
  readonly weight: number
}

/**
 * λ of the regression. Small, for there are far more pairs than weights: it keeps a weight finite
 * that was never seen on two people, such as that of a telephone.
 */
const penalty = 0.03

/**
 * The most bits that agreeing may be worth beyond having nothing to compare, where the data cannot
 * say. In none of them do two people share a telephone; in life wings and offices do.
 */
const bitsMax: Readonly<Record<string, number>> = { PHONE: 8 }

/**
 * The weights of all types together, in bits. Of each type two are fitted, both at least zero: what
 * it is worth that it does not differ, and what agreeing is worth beyond that. So agreeing is never
 * worth less than having nothing to compare.
 */
export function fitWeights(lessons: Iterable<Lesson>, allTypes: readonly string[]): Weights {
  const types = [...new Set(allTypes.map(rowOf))].filter((row) => row !== 'FILE')
  const tokens = types.length * 2
  const observations = sumUp(lessons, types)
  const { intercept, weights } = fitLogistic(observations, boundsOf(types), penalty)
  const bits = (natural: number) => Math.round((natural / Math.LN2) * 1000) / 1000
  return {
    intercept: bits(intercept),
    tokens: bits(weights[tokens]!),
    types: Object.fromEntries(
      types.flatMap((type, index) => {
        const [same, more] = [weights[index * 2]!, weights[index * 2 + 1]!]
        const row = [type, { agrees: bits(same + more), missing: bits(same) }] as const
        // No file of the data has a family under one number: it counts as a telephone does.
        return type === 'PHONE'
          ? [['FILE', { agrees: bits(more), missing: 0 }] as const, row]
          : [row]
      }),
    ),
  }
}

/** Of each type no bound for not differing, and that of `bitsMax` for agreeing; then of the tokens. */
function boundsOf(types: readonly string[]): number[] {
  const none = Number.POSITIVE_INFINITY
  return [...types.flatMap((type) => [none, (bitsMax[type] ?? none) * Math.LN2]), none]
}

/** Sums up pairs, which are tens of thousands, to what can be seen of them. */
function sumUp(lessons: Iterable<Lesson>, types: readonly string[]): Observation[] {
  const numbers = new Map<Evidence, string>()
  const seen = new Map<string, Observation & { matches: number; others: number }>()
  for (const { evidence, isMatch, weight } of lessons) {
    let name = numbers.get(evidence)
    if (name === undefined) {
      const features = featuresOf(evidence, types)
      name = features.join()
      numbers.set(evidence, name)
      if (!seen.has(name)) seen.set(name, { features, matches: 0, others: 0 })
    }
    const found = seen.get(name)!
    if (isMatch) found.matches += weight
    else found.others += weight
  }
  return [...seen.values()]
}

function featuresOf(evidence: Evidence, rows: readonly string[]): number[] {
  const { agreeing } = evidence
  const features = rows.flatMap((row, index) => {
    if (typesOf(row).some((type) => counts(type, agreeing))) return [index * 2, index * 2 + 1]
    return isComparable(row, evidence) ? [] : [index * 2]
  })
  return tokensAgree(agreeing) ? [...features, rows.length * 2] : features
}
