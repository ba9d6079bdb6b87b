/**
 * How likely it is that two referrals are about one person, from which of their match values are
 * equal. Pure; the server and the bench use this one (docs/MATCHING.md).
 *
 * The score is a sum of log₂ odds: what any candidate starts with, and for each type of match key
 * what it adds if a value of it agrees, or if one side has none. A type that both have and that
 * differs adds nothing, and no weight is below zero, so an agreement more never makes two referrals
 * less alike. Of log-odds rather than a product of m- and u-probabilities (Fellegi and Sunter), for
 * the types overlap: fitted one by one they would count the same letters of a name many times.
 */
import { type Weights, weights } from './weights.ts'

/** Which types agree between two sides, and which each side has. */
export type Evidence = {
  /** For each type that agrees, how many of its values are equal: at least 1. */
  readonly agreeing: ReadonlyMap<string, number>
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

/** The name of the weight for two or more parts of the name that agree. */
export const TOKENS = 'TOKENS'

/** From here on two referrals are joined without asking, if `mayJoin` allows it. */
export const matchProbability = 0.998

/** From here on a person is asked. */
export const possibleProbability = 0.05

/** A value that many share yields no more candidates than this. */
export const candidatesPerValueMax = 50

/** One referral asks people no more questions than this. */
export const questionsPerReferralMax = 5

/** Types that compare something of the name beyond its initials. */
const bearsName = new Set(['N', 'P', 'T_D', 'T_D01', 'TP_D', 'TP_D01', 'TK_SD', 'TK_SD01'])
for (const type of ['PP_Y', 'KK_Y', 'P_MD', 'MH3_Y']) bearsName.add(type)

/** Types that compare a whole birth date which is not 1 January, or a reference. */
const bearsIdentity = new Set(['T_D', 'TP_D', 'TK_SD', 'I_D', 'REF'])

/** Types of which a value stands for one token of the name. */
const tokenTypes = ['T_D', 'T_D01', 'TP_D', 'TP_D01', 'TK_SD', 'TK_SD01']

/** Scores a pair. Types that the table does not know count for nothing. */
export function oddsOf(evidence: Evidence, table: Weights = weights): Odds {
  const { agreeing, left, right } = evidence
  const bits: Bit[] = []
  for (const [type, { agrees, missing }] of Object.entries(table.types)) {
    if (agreeing.has(type)) bits.push({ type, because: 'agrees', bits: agrees })
    else if (missing > 0 && !(left.has(type) && right.has(type)))
      bits.push({ type, because: 'missing', bits: missing })
  }
  if (tokensAgree(agreeing)) bits.push({ type: TOKENS, because: 'tokens', bits: table.tokens })
  const score = bits.reduce((sum, { bits }) => sum + bits, table.intercept)
  return { score, probability: 1 / (1 + 2 ** -score), bits }
}

/** Whether two or more parts of the name agree, each with the birth date. */
export function tokensAgree(agreeing: ReadonlyMap<string, number>): boolean {
  return tokenTypes.some((type) => (agreeing.get(type) ?? 0) >= 2)
}

/** What is done about a pair with these odds. */
export function verdictOf(evidence: Evidence, { probability }: Odds): Verdict {
  if (probability >= matchProbability && mayJoin(evidence)) return 'match'
  return probability >= possibleProbability ? 'possible' : 'none'
}

/**
 * Whether two referrals may be joined without a person's decision: something of the name must agree,
 * and a whole birth date or a reference. A reference or a telephone alone is never enough, for
 * families and wings share them.
 */
function mayJoin({ agreeing }: Evidence): boolean {
  const types = [...agreeing.keys()]
  return types.some((type) => bearsName.has(type)) && types.some((type) => bearsIdentity.has(type))
}

/** For people. */
export function wordsOf({ type, because }: Bit): string {
  return `${type} ${because}`
}
