import type { Static } from 'typebox'
import * as Type from 'typebox'
import {
  capacityConcerns,
  consentAnswers,
  consentForms,
  consentPurposes,
} from '../codes/consent.ts'
import { group, mustAnswer, yesOrNo } from './answer.ts'
import { code } from './code.ts'
import { day, page } from './text.ts'

const Given = group(
  {
    to: code(consentPurposes, 'What was asked.'),
    answer: code(consentAnswers, 'What the person answered.'),
    how: Type.Optional(code(consentForms, 'How the person answered.')),
    on: Type.Optional(day('When the person answered.')),
  },
  'One question of consent and its answer.',
)

export const Consent = group(
  {
    personKnows: yesOrNo('Whether the person knows of this referral.'),
    given: mustAnswer(
      Type.Array(Given, {
        minItems: 1,
        maxItems: Object.keys(consentPurposes).length,
        description: 'One answer for each purpose that was asked.',
      }),
      'What the person consents to. With assessment refused there must be a safeguarding note.',
    ),
    capacityConcern: mustAnswer(
      code(capacityConcerns, 'The concern.'),
      'Whether the person may lack the capacity to consent.',
    ),
    safeguardingNote: Type.Optional(
      page('Why this is sent without consent, or what else protects the person.'),
    ),
  },
  'What the person knows of, and agrees to.',
)

export type Consent = Static<typeof Consent>
