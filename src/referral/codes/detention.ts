/** Removal from association, Detention Centre Rules 2001, rules 40 and 42. */
export const segregations = {
  none: 'Not segregated',
  rule_40: 'Removed from association (rule 40)',
  rule_42: 'Temporary confinement (rule 42)',
} as const

/** How closely a person on an open ACDT plan (assessment, care in detention, teamwork) is watched. */
export const acdtLevels = {
  constant: 'Constant observation',
  intermittent: 'Observed several times an hour',
  hourly: 'Observed hourly or less often',
  conversation: 'Conversations only',
  unknown: 'Unknown',
} as const
