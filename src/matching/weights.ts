export type Weights = {
  readonly intercept: number
  readonly tokens: number
  readonly types: Readonly<Record<string, { readonly agrees: number; readonly missing: number }>>
}
export const weights: Weights = { intercept: -8, tokens: 1, types: {} }
