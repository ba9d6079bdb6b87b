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
  intercept: -17.277,
  tokens: 0.594,
  types: {
    REF: { agrees: 16.484, missing: 3.295 },
    FILE: { agrees: 8, missing: 0 },
    PHONE: { agrees: 9.975, missing: 1.975 },
    N: { agrees: 2.231, missing: 2.082 },
    P: { agrees: 1.223, missing: 0 },
    T_D: { agrees: 3.928, missing: 0.14 },
    T_D01: { agrees: 5.379, missing: 3.215 },
    TP_D: { agrees: 5.755, missing: 1.053 },
    TP_D01: { agrees: 0, missing: 0 },
    TK_SD: { agrees: 1.006, missing: 0 },
    TK_SD01: { agrees: 2.809, missing: 1.93 },
    PP_Y: { agrees: 3.399, missing: 1.104 },
    KK_Y: { agrees: 1.904, missing: 0.486 },
    P_MD: { agrees: 7.993, missing: 2.576 },
    I_D: { agrees: 5.217, missing: 0 },
    I_D01: { agrees: 4.674, missing: 0.806 },
    MH3_Y: { agrees: 0.741, missing: 0 },
  },
}
