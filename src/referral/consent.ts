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

/**
 * The rule of `consentPermits` as the published schema states it, for the compartment `consent`. It
 * stands there alone: here a refusal has a code of its own.
 */
export const consentRule = {
  if: {
    required: ['given'],
    properties: {
      given: {
        type: 'array',
        contains: {
          type: 'object',
          required: ['to', 'answer'],
          properties: {
            to: { const: 'assessment' },
            answer: { enum: ['refused', 'withdrawn'] },
          },
        },
      },
    },
  },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
  then: {
    required: ['safeguardingNote'],
    properties: {
      safeguardingNote: {
        type: 'string',
        pattern: '\\S',
        description:
          'Consent to an assessment was refused or withdrawn. The referral is not sealed unless ' +
          'this says why the person must be protected all the same.',
      },
    },
  },
} as const

function isWritten(note: unknown): boolean {
  return typeof note === 'string' && note.trim() !== ''
}
