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
  /** The types of which the left side has a value that many share: `candidatesPerValueMax`. */
  readonly crowded: ReadonlySet<string>
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
  /** The same without the types that a crowd shares, as if neither side had them. */
  readonly besidesCrowds: number
  /** Every type that agrees, and every missing one that counts, in the order of the table. */
  readonly bits: readonly Bit[]
}

export type Verdict = 'match' | 'possible' | 'none'

/** The name of the weight for two or more tokens of the name that agree. */
export const TOKENS = 'TOKENS'

/** From here on two referrals are joined without asking, if what agrees allows it. */
export const matchProbability = 0.97

/** From here on a person is asked. */
export const possibleProbability = 0.05

/** A value that many share yields no more candidates than this. */
export const candidatesPerValueMax = 50

/** One referral asks people no more questions than this. */
export const questionsPerReferralMax = 5

/** Types of which one value says that two tokens of the name agree, or all of them. */
const severalTokens = ['N', 'P', 'PP_Y', 'KK_Y']

/** Types of which each value stands for one token, with a whole birth date. */
const tokenAndDate = ['T_D', 'TP_D', 'TK_SD']

/** The same with 1 January. */
const tokenAndInvented = ['T_D01', 'TP_D01', 'TK_SD01']

/** Types that say something of the birth date, the year alone included. */
const birth = [
  ...tokenAndDate,
  ...tokenAndInvented,
  'PP_Y',
  'KK_Y',
  'P_MD',
  'I_D',
  'I_D01',
  'MH3_Y',
]

/** Scores a pair. Types that the table does not know count for nothing. */
export function oddsOf(evidence: Evidence, table: Weights = weights): Odds {
  const { agreeing, left, right, crowded } = evidence
  const bits: Bit[] = []
  for (const [type, { agrees, missing }] of Object.entries(table.types)) {
    if (agreeing.has(type)) bits.push({ type, because: 'agrees', bits: agrees })
    else if (missing > 0 && !(left.has(type) && right.has(type)))
      bits.push({ type, because: 'missing', bits: missing })
  }
  if (tokensAgree(agreeing)) bits.push({ type: TOKENS, because: 'tokens', bits: table.tokens })
  const score = bits.reduce((sum, bit) => sum + bit.bits, table.intercept)
  const probability = 1 / (1 + 2 ** -score)
  const besidesCrowds =
    crowded.size === 0 ? probability : oddsOf(withoutCrowds(evidence), table).probability
  return { score, probability, besidesCrowds, bits }
}

/** Whether two or more tokens of the name agree, each with the birth date. */
export function tokensAgree(agreeing: ReadonlyMap<string, number>): boolean {
  return [...tokenAndDate, ...tokenAndInvented].some((type) => (agreeing.get(type) ?? 0) >= 2)
}

/** What is done about a pair with these odds. What a crowd shares may ask a person, and joins nobody. */
export function verdictOf(evidence: Evidence, { probability, besidesCrowds }: Odds): Verdict {
  if (besidesCrowds >= matchProbability && mayJoin(withoutCrowds(evidence))) return 'match'
  return probability >= possibleProbability ? 'possible' : 'none'
}

/** The evidence as if neither side had a value of the types that a crowd shares. */
function withoutCrowds({ agreeing, left, right, crowded }: Evidence): Evidence {
  const rest = (types: ReadonlySet<string>) => new Set([...types].filter((it) => !crowded.has(it)))
  return {
    agreeing: new Map([...agreeing].filter(([type]) => !crowded.has(type))),
    ...{ left: rest(left), right: rest(right), crowded: new Set() },
  }
}

/**
 * Whether two referrals may be joined without a person's decision: three facts agree that have nothing
 * to do with each other, and one is of the name. The facts are one part of the name, another part, the
 * birth date, a reference, a telephone. So neither what families share (a reference and a telephone),
 * nor what twins do (one part of the name and the birth date), nor a whole name is enough.
 *
 * 1 January is a fact only beside two parts of the name, for whole families are given it. A telephone is
 * none beside birth dates that have not even the year in common, for a law firm writes its own for all
 * its clients (docs/decisions/0007-what-joins-without-a-person.md).
 */
function mayJoin({ agreeing, left, right }: Evidence): boolean {
  const any = (types: readonly string[]) => types.some((type) => agreeing.has(type))
  const several = any(severalTokens) || tokensAgree(agreeing) || namesSpeltAlike()
  const named = several || any(tokenAndDate)
  const dated = any([...tokenAndDate, 'I_D']) || (several && any([...tokenAndInvented, 'I_D01']))
  const phone = agreeing.has('PHONE') && !datesDiffer()
  const facts = [named, several, dated, agreeing.has('REF'), phone].filter(Boolean)
  return named && facts.length >= 3

  /** The spelling of a single name says no more than the name: only longer ones have `N`. */
  function namesSpeltAlike(): boolean {
    return agreeing.has('MH3_Y') && left.has('N') && right.has('N')
  }

  function datesDiffer(): boolean {
    const known = (side: ReadonlySet<string>) => birth.some((type) => side.has(type))
    return known(left) && known(right) && !any(birth)
  }
}

const words: Readonly<Record<string, readonly [agrees: string, compared: string]>> = {
  REF: ['a reference number equal', 'reference numbers'],
  PHONE: ['a telephone number equal', 'telephone numbers'],
  N: ['all names equal', 'whole names'],
  P: ['names sound alike', 'whole names by sound'],
  T_D: ['a name and the birth date equal', 'names with the birth date'],
  T_D01: ['a name and the birth date equal, 1 January', 'names with a 1 January'],
  TP_D: ['a name sounds alike, birth date equal', 'names by sound with the birth date'],
  TP_D01: ['a name sounds alike, birth date equal, 1 January', 'names by sound with a 1 January'],
  TK_SD: [
    'consonants of a name alike, birth date of the same digits',
    'consonants with the birth date',
  ],
  TK_SD01: [
    'consonants of a name alike, birth date equal, 1 January',
    'consonants with a 1 January',
  ],
  PP_Y: ['two names sound alike, birth year equal', 'pairs of names by sound with the year'],
  KK_Y: ['consonants of two names alike, birth year equal', 'consonants of pairs with the year'],
  P_MD: ['names sound alike, day and month of birth equal', 'names by sound with day and month'],
  I_D: ['initials and birth date equal', 'initials with the birth date'],
  I_D01: ['initials and birth date equal, 1 January', 'initials with a 1 January'],
  MH3_Y: ['names spelt much alike, birth year equal', 'spelling of names with the year'],
  TOKENS: ['two names or more agree', 'names'],
}

/** An observation for people: `names sound alike`, or `no telephone numbers to compare`. */
export function wordsOf({ type, because }: Bit): string {
  const [agrees, compared] = words[type] ?? [`${type} equal`, type]
  return because === 'missing' ? `no ${compared} to compare` : agrees
}
