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
  intercept: -17.362,
  tokens: 0.587,
  types: {
    REF: { agrees: 16.741, missing: 3.302 },
    FILE: { agrees: 8, missing: 0 },
    PHONE: { agrees: 9.979, missing: 1.979 },
    N: { agrees: 2.234, missing: 2.122 },
    P: { agrees: 1.236, missing: 0 },
    T_D: { agrees: 3.943, missing: 0.142 },
    T_D01: { agrees: 5.379, missing: 3.355 },
    TP_D: { agrees: 5.773, missing: 1.057 },
    TP_D01: { agrees: 0, missing: 0 },
    TK_SD: { agrees: 1.007, missing: 0 },
    TK_SD01: { agrees: 2.87, missing: 2.101 },
    PP_Y: { agrees: 3.404, missing: 1.101 },
    KK_Y: { agrees: 1.914, missing: 0.492 },
    P_MD: { agrees: 8.041, missing: 2.576 },
    I_D: { agrees: 5.258, missing: 0 },
    I_D01: { agrees: 4.716, missing: 0.546 },
    MH3_Y: { agrees: 0.746, missing: 0 },
  },
}
