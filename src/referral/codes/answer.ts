/** The words that answer a question by themselves. */
export const answers = {
  yes: 'Yes',
  no: 'No',
  unknown: 'Asked, and not known',
  not_asked: 'Not asked',
} as const

/** The words that stand where an answer is missing. */
export const unanswered = {
  unknown: 'Asked, and not known',
  not_asked: 'Not asked',
} as const
