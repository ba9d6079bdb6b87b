/** Where the immigration case stands. */
export const legalStages = {
  no_claim: 'No claim made',
  claim_pending: 'Claim awaiting a decision',
  refused: 'Refused, may still appeal',
  first_tier_appeal: 'Appeal in the First-tier Tribunal',
  upper_tribunal: 'Appeal in the Upper Tribunal',
  judicial_review: 'Judicial review',
  further_submissions: 'Further submissions made',
  appeal_rights_exhausted: 'Appeal rights exhausted',
  deportation: 'Deportation order or proceedings',
  unknown: 'Unknown',
} as const

export const hearingKinds = {
  bail: 'Bail hearing',
  first_tier: 'First-tier Tribunal',
  upper_tribunal: 'Upper Tribunal',
  judicial_review: 'Judicial review',
  other: 'Other',
} as const

export const bailStages = {
  not_applied: 'Not applied for',
  applied: 'Applied for',
  listed: 'Listed for a hearing',
  granted: 'Granted',
  refused: 'Refused',
  unknown: 'Unknown',
} as const

/** National referral mechanism: rg is the reasonable, cg the conclusive grounds decision. */
export const nrmStages = {
  not_referred: 'Not referred',
  referred: 'Referred, no decision yet',
  rg_positive: 'Reasonable grounds: positive',
  rg_negative: 'Reasonable grounds: negative',
  cg_positive: 'Conclusive grounds: positive',
  cg_negative: 'Conclusive grounds: negative',
  reconsideration: 'Reconsideration asked for',
  declined_consent: 'The person declined a referral',
  unknown: 'Unknown',
} as const

/**
 * Rule 35 of the Detention Centre Rules 2001, and rule 32 of the Short-term Holding Facility Rules
 * 2018. Neither applies in prisons.
 */
export const rule35Limbs = {
  r35_1: 'Rule 35(1): health injured by detention',
  r35_2: 'Rule 35(2): suspected suicidal intentions',
  r35_3: 'Rule 35(3): may have been tortured',
  r32_1: 'Rule 32(1): health injured by detention (short-term)',
  r32_2: 'Rule 32(2): suspected suicidal intentions (short-term)',
  r32_3: 'Rule 32(3): may have been tortured (short-term)',
} as const

export const rule35Statuses = {
  not_requested: 'Not requested',
  requested: 'Requested, no appointment yet',
  appointment_booked: 'Appointment booked',
  refused_by_healthcare: 'Refused by healthcare',
  report_made: 'Report made, no response yet',
  response_received: 'Response received',
} as const

/** Home Office policy on adults at risk in immigration detention. */
export const adultsAtRiskLevels = {
  none: 'Not regarded as at risk',
  1: 'Level 1: self-declared',
  2: 'Level 2: professional evidence of a risk',
  3: 'Level 3: evidence that detention is likely to cause harm',
  unknown: 'Unknown',
} as const
