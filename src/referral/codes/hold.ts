/** Why a referral may not be erased. A closed list: what the matter is, is no business of the service. */
export const holdReasons = {
  litigation: 'A court case, or one that is expected',
  complaint: 'A complaint',
  inquiry: 'A public inquiry, an inquest or a regulator’s',
  safeguarding: 'A safeguarding review',
} as const

export type HoldReason = keyof typeof holdReasons
export const holdReasonCodes = Object.keys(holdReasons) as HoldReason[]
