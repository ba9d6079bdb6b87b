/** By whose word a referral is erased. Pure. */

/** Written into the tombstone and the entry of the log. */
export const erasureRules = {
  person: 'A person erased it.',
  retention: 'It had stood in a closed state for the days of a rule of retention.',
  restored: 'It was erased before the database was restored from an older backup.',
} as const
export type ErasureRule = keyof typeof erasureRules
