import { read, readList } from './reading.ts'

/**
 * Whether the person consents to an assessment. The most cautious answer stands where several were
 * given, and a consent that was withdrawn is a refusal.
 */
export function consentToAssessment(consent: unknown): 'given' | 'refused' | 'not_asked' {
  const answers = readList(consent, 'given')
    .filter((given) => read(given, 'to') === 'assessment')
    .map((given) => read(given, 'answer'))
  if (answers.includes('refused') || answers.includes('withdrawn')) return 'refused'
  return answers.includes('given') ? 'given' : 'not_asked'
}

/**
 * Whether a referral may be sealed: not against a refusal, unless somebody has written why the person
 * must be protected all the same. Where consent was not asked it may be, and is shown incomplete.
 */
export function consentPermits(consent: unknown): boolean {
  return consentToAssessment(consent) !== 'refused' || isWritten(read(consent, 'safeguardingNote'))
}

function isWritten(note: unknown): boolean {
  return typeof note === 'string' && note.trim() !== ''
}
