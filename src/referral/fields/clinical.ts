import type { Static } from 'typebox'
import * as Type from 'typebox'
import { requests } from '../codes/clinical.ts'
import { preferredGenders } from '../codes/interpreting.ts'
import { group, mustAnswer, question, sinceWhen, yesOrNo } from './answer.ts'
import { code } from './code.ts'
import { name, note, page, when } from './text.ts'

const details = { details: Type.Optional(page('What is known.')) }

const Condition = group(
  {
    condition: name('The illness, injury or symptom.'),
    emergency: Type.Optional(yesOrNo('Whether it needs a hospital now.')),
    details: Type.Optional(note('Treatment, course, what has changed.')),
  },
  'One condition.',
)

const StoppedMedication = group(
  {
    medication: name('The medicine, as the person names it.'),
    essential: yesOrNo('Whether stopping it is dangerous: insulin, HIV, epilepsy, psychosis.'),
    since: Type.Optional(when('Since when.')),
  },
  'One medicine the person no longer gets.',
)

export const Clinical = group(
  {
    requested: mustAnswer(
      Type.Array(code(requests), {
        minItems: 1,
        maxItems: Object.keys(requests).length,
        uniqueItems: true,
        description: 'One or more.',
      }),
      'What is asked for.',
    ),
    torture: Type.Optional(question(details, 'Torture.')),
    trafficking: Type.Optional(question(details, 'Trafficking or modern slavery.')),
    sexualOrGenderViolence: Type.Optional(question(details, 'Sexual or gender-based violence.')),
    mentalHealth: Type.Optional(question(details, 'Mental ill health.')),
    selfHarm: Type.Optional(
      question(
        { active: Type.Optional(yesOrNo('Whether it is happening now.')), ...details },
        'Self-harm.',
      ),
    ),
    suicidalThoughts: Type.Optional(
      question(
        { currentPlan: Type.Optional(yesOrNo('Whether there is a plan now.')), ...details },
        'Thoughts of suicide.',
      ),
    ),
    pregnancy: Type.Optional(
      question(
        {
          weeks: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 45, description: 'Completed weeks.' }),
          ),
          since: Type.Optional(when('Since when it is known.')),
        },
        'Pregnancy.',
      ),
    ),
    foodRefusalSince: Type.Optional(sinceWhen('Since when the person refuses food.')),
    fluidRefusalSince: Type.Optional(sinceWhen('Since when the person refuses fluids.')),
    conditions: Type.Optional(
      Type.Array(Condition, { maxItems: 30, description: 'The gravest first.' }),
    ),
    medicationStopped: Type.Optional(
      Type.Array(StoppedMedication, { maxItems: 30, description: 'The gravest first.' }),
    ),
    disability: Type.Optional(question(details, 'Disability.')),
    useOfForce: Type.Optional(
      question(
        { on: Type.Optional(when('When.')), ...details },
        'Force used on the person in detention or removal.',
      ),
    ),
    remoteAssessmentPossible: Type.Optional(
      yesOrNo('Whether a private call or video assessment is possible.'),
    ),
    clinicianGender: Type.Optional(code(preferredGenders, 'Whom the person would see.')),
  },
  'What a clinician needs to know.',
)

export type Clinical = Static<typeof Clinical>
