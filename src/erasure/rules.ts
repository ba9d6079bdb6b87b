/** By whose word a referral is erased, and what keeps one from it. Pure. */

/** Written into the tombstone and the entry of the log. */
export const erasureRules = {
  person: 'A person erased it.',
  restored: 'It was erased before the database was restored from an older backup.',
} as const
export type ErasureRule = keyof typeof erasureRules

/** Why a referral may not be erased. A closed list: what the matter is, is no business of the service. */
export const holdReasons = {
  litigation: 'A court case, or one that is expected',
  complaint: 'A complaint',
  inquiry: 'A public inquiry, an inquest or a regulator’s',
  safeguarding: 'A safeguarding review',
} as const
export type HoldReason = keyof typeof holdReasons
