export type Weights = {
  readonly intercept: number
  readonly tokens: number
  readonly types: Readonly<Record<string, { readonly agrees: number; readonly missing: number }>>
}
const w = (agrees: number) => ({ agrees, missing: 1 })
export const weights: Weights = {
  intercept: -10,
  tokens: 2,
  types: {
    REF: w(9),
    PHONE: w(5),
    N: w(4),
    P: w(3),
    T_D: w(5),
    TP_D: w(4),
    TK_SD: w(4),
    PP_Y: w(3),
    KK_Y: w(3),
    P_MD: w(3),
    I_D: w(4),
    MH3_Y: w(3),
  },
}
