/**
 * The weights of matching, in bits: log₂ odds. Written by `node bench/matching/fit.ts` from FEBRL 1
 * to 3 and an invented set of referrals (bench/matching/data/SOURCES.md); a test holds them to that.
 * What they mean is in docs/MATCHING.md.
 */

export type Weights = {
  /** What any pair starts with that shares a value. */
  readonly intercept: number
  /** Two or more tokens of the name agree. */
  readonly tokens: number
  /** For each type of match key: a value of it agrees, or one side has none. */
  readonly types: Readonly<Record<string, { readonly agrees: number; readonly missing: number }>>
}

export const weights: Weights = {
  intercept: -17.511,
  tokens: 0.525,
  types: {
    REF: { agrees: 16.772, missing: 3.151 },
    PHONE: { agrees: 10.046, missing: 2.046 },
    N: { agrees: 2.275, missing: 2.231 },
    P: { agrees: 1.224, missing: 0 },
    T_D: { agrees: 4.192, missing: 0.45 },
    T_D01: { agrees: 5.59, missing: 3.098 },
    TP_D: { agrees: 5.04, missing: 0.874 },
    TP_D01: { agrees: 0.097, missing: 0.097 },
    TK_SD: { agrees: 1.515, missing: 0 },
    TK_SD01: { agrees: 2.54, missing: 1.573 },
    PP_Y: { agrees: 3.489, missing: 0.732 },
    KK_Y: { agrees: 1.987, missing: 0.532 },
    P_MD: { agrees: 8.162, missing: 2.595 },
    I_D: { agrees: 5.797, missing: 0 },
    I_D01: { agrees: 4.948, missing: 1.293 },
    MH3_Y: { agrees: 0.683, missing: 0.228 },
  },
}
