/** How well a language is spoken. */
export const spokenLevels = {
  first: 'First language',
  fluent: 'Fluently',
  some: 'Some',
  none: 'Reads or writes it only',
  unknown: 'Unknown',
} as const

/** The gender a person asks for in an interpreter or a clinician. */
export const preferredGenders = {
  any: 'Any',
  woman: 'A woman',
  man: 'A man',
} as const
