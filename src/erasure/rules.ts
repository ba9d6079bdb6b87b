/** By whose word a referral is erased. Pure. */

/** Written into the tombstone and the entry of the log. */
export const erasureRules = {
  person: 'A person erased it.',
  restored: 'It was erased before the database was restored from an older backup.',
} as const
export type ErasureRule = keyof typeof erasureRules
