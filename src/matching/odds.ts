/**
 * How likely it is that two referrals are about one person, from which of their match values are
 * equal. Pure; the server and the bench use this one (docs/MATCHING.md).
 *
 * The score is a sum of log₂ odds: what any candidate starts with, and for each type of match key
 * what it adds if a value of it agrees, or if one side has none. A type that both have and that
 * differs adds nothing, and no weight is below zero, so an agreement more never makes two referrals
 * less alike. Of log-odds rather than a product of m- and u-probabilities (Fellegi and Sunter), for
 * the types overlap: weights fitted one by one would count the same letters of a name many times.
 */
import { keyTypes, typesThat } from '../protocol/matching/keytypes.ts'
import { counts, isComparable, typesOf } from './rows.ts'
import { isChance, isContradicted, mayMerge, type Rule } from './rule.ts'
import { type Weights, weights } from './weights.ts'

/** Which types agree between two sides, and which each side has. */
export type Evidence = {
  /** For each type that agrees, how many of its values are equal: at least 1. */
  readonly agreeing: ReadonlyMap<string, number>
  /** The same without values that a crowd shares (`candidatesPerValueMax`). */
  readonly uncrowded: ReadonlyMap<string, number>
  /** The types of which an equal value is hardly anybody else's (`bearersMax`). */
  readonly uncommon: ReadonlySet<string>
  /** How many parts the name has on the side with fewer; 0 where that cannot be told. */
  readonly parts: number
  /** The types of which each side has at least one value. */
  readonly left: ReadonlySet<string>
  readonly right: ReadonlySet<string>
}

/** What one observation adds to the score. */
export type Bit = {
  /** A type of match key, or `TOKENS`. */
  readonly type: string
  readonly because: 'agrees' | 'missing' | 'tokens'
  /** log₂ odds, at least 0. */
  readonly bits: number
}

export type Odds = {
  /** log₂ odds: the intercept and all bits. */
  readonly score: number
  /** `1 / (1 + 2^-score)`: from 0 to 1. */
  readonly probability: number
  /** Every type that agrees, and every missing one that counts, in the order of the table. */
  readonly bits: readonly Bit[]
}

export type Verdict = 'match' | 'possible' | 'none'

/** What is to be done about a pair, and why. */
export type Judged = {
  readonly verdict: Verdict
  /** Of all that agrees: by these a person is asked. */
  readonly odds: Odds
  /** As if what a crowd shares were not equal, so never higher: by these cases are merged. */
  readonly sure: Odds
}

/** The name of the weight for two or more tokens of the name that agree. */
export const TOKENS = 'TOKENS'

/** From here on two referrals are merged without asking, if what agrees allows it. */
export const matchProbability = 0.9

/** From here on a person is asked. */
export const possibleProbability = 0.05

/** A value that many share yields no more candidates than this. */
export const candidatesPerValueMax = 50

/** A name that more other referrals bear is a frequent one. */
export const bearersMax = 3

/** One referral asks people no more questions than this. */
export const questionsPerReferralMax = 5

/** Types of which each value stands for one token, with a whole birth date. */
const oneToken = typesThat(({ name, birth }) => name === 'part' && birth)

/** Scores a pair. Types that the table does not know count for nothing. */
export function oddsOf(evidence: Evidence, table: Weights = weights): Odds {
  const { agreeing } = evidence
  const bits: Bit[] = []
  for (const [row, { agrees, missing }] of Object.entries(table.types)) {
    const type = typesOf(row).find((it) => counts(it, agreeing))
    if (type !== undefined) bits.push({ type, because: 'agrees', bits: agrees })
    else if (missing > 0 && !isComparable(row, evidence))
      bits.push({ type: row, because: 'missing', bits: missing })
  }
  if (tokensAgree(agreeing)) bits.push({ type: TOKENS, because: 'tokens', bits: table.tokens })
  const score = bits.reduce((sum, bit) => sum + bit.bits, table.intercept)
  return { score, probability: 1 / (1 + 2 ** -score), bits }
}

/** Whether two or more tokens of the name agree, each with the birth date. */
export function tokensAgree(agreeing: ReadonlyMap<string, number>): boolean {
  return oneToken.some((type) => (agreeing.get(type) ?? 0) >= 2)
}

/**
 * What is done about a pair. What a crowd shares may ask a person, and merges nobody.
 *
 * @param off - a rule to leave out, to see what it is worth
 */
export function judge(evidence: Evidence, table: Weights = weights, off?: Rule): Judged {
  const odds = oddsOf(evidence, table)
  const without = off === 'crowd' ? evidence : withoutCrowds(evidence)
  const sure = without === evidence ? odds : oddsOf(without, table)
  const verdict = verdictOf(without, odds, sure, off)
  // Both of all that agrees: what a crowd shares asks, and may contradict, like anything else.
  if (isChance(evidence, off)) return { verdict: 'none', odds, sure }
  const isAsked = verdict === 'match' && isContradicted(evidence, off)
  return { verdict: isAsked ? 'possible' : verdict, odds, sure }
}

/** The verdict on evidence without crowds. */
export function verdictOf(evidence: Evidence, odds: Odds, sure: Odds, off?: Rule): Verdict {
  const merges = mayMerge(evidence, off) && !isContradicted(evidence, off)
  if (sure.probability >= matchProbability && merges) return 'match'
  return odds.probability >= possibleProbability ? 'possible' : 'none'
}

/** The evidence as if what a crowd shares were not equal. */
function withoutCrowds(evidence: Evidence): Evidence {
  const { agreeing, uncrowded } = evidence
  const isAll = [...agreeing].every(([type, count]) => uncrowded.get(type) === count)
  return isAll ? evidence : { ...evidence, agreeing: uncrowded }
}

/** An observation for people: `names sound alike`, or `no telephone numbers to compare`. */
export function wordsOf({ type, because }: Bit): string {
  if (type === TOKENS) return 'two names or more agree'
  const [agrees, compared] = keyTypes.get(typesOf(type)[0] ?? type)?.words ?? [
    `${type} equal`,
    type,
  ]
  return because === 'missing' ? `no ${compared} to compare` : agrees
}
