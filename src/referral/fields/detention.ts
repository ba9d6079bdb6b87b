import type { Static } from 'typebox'
import * as Type from 'typebox'
import { acdtLevels, segregations } from '../codes/detention.ts'
import { places } from '../codes/places.ts'
import { group, mustAnswer, yesOrNo } from './answer.ts'
import { code } from './code.ts'
import { name, shaped, when } from './text.ts'

const Stay = group(
  {
    place: code(places, 'Where.'),
    prison: Type.Optional(shaped('^[A-Z]{3}$', 'HMPPS id, only where `place` is `prison`.')),
    wing: Type.Optional(name('Wing, room or ward.')),
    from: Type.Optional(when('Since when.')),
    to: Type.Optional(when('Until when; left out while the person is there.')),
  },
  'One stay in one place.',
)

export const Detention = group(
  {
    places: mustAnswer(
      Type.Array(Stay, {
        minItems: 1,
        maxItems: 50,
        description: 'People are moved: earliest first, none overwritten.',
      }),
      'Where the person is and has been held.',
    ),
    detainedSince: Type.Optional(when('Since when the person is detained without a break.')),
    segregation: Type.Optional(code(segregations, 'Whether held apart from others now.')),
    acdt: Type.Optional(
      group(
        {
          open: yesOrNo('Whether a plan is open now.'),
          level: Type.Optional(code(acdtLevels, 'How closely the person is watched.')),
        },
        'Assessment, care in detention and teamwork: the plan for those at risk of self-harm.',
      ),
    ),
  },
  'Where and how the person is held.',
)

export type Detention = Static<typeof Detention>
