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
  intercept: -17.422,
  tokens: 0.534,
  types: {
    REF: { agrees: 16.512, missing: 3.145 },
    PHONE: { agrees: 10.041, missing: 2.041 },
    N: { agrees: 2.27, missing: 2.144 },
    P: { agrees: 1.212, missing: 0 },
    T_D: { agrees: 4.176, missing: 0.445 },
    T_D01: { agrees: 5.511, missing: 2.968 },
    TP_D: { agrees: 5.028, missing: 0.871 },
    TP_D01: { agrees: 0.221, missing: 0.221 },
    TK_SD: { agrees: 1.508, missing: 0 },
    TK_SD01: { agrees: 2.43, missing: 1.427 },
    PP_Y: { agrees: 3.483, missing: 0.792 },
    KK_Y: { agrees: 1.979, missing: 0.524 },
    P_MD: { agrees: 8.115, missing: 2.623 },
    I_D: { agrees: 5.752, missing: 0 },
    I_D01: { agrees: 4.894, missing: 1.392 },
    MH3_Y: { agrees: 0.676, missing: 0.146 },
  },
}
