import type { Static } from 'typebox'
import * as Type from 'typebox'
import { preferredGenders, spokenLevels } from '../codes/interpreting.ts'
import { group, yesOrNo } from './answer.ts'
import { code } from './code.ts'
import { name, note, page, shaped } from './text.ts'

const Language = group(
  {
    iso639_3: shaped('^[a-z]{3}$', 'ISO 639-3: `ckb` is Sorani Kurdish.'),
    spoken: code(spokenLevels, 'How well the person speaks it.'),
    needsInterpreter: yesOrNo('Whether an interpreter is needed where this language is used.'),
    interpreterGender: Type.Optional(code(preferredGenders, 'Who should interpret.')),
    avoid: Type.Optional(
      Type.Array(note('A person, group, country or dialect that should not interpret.'), {
        maxItems: 10,
        description: 'Ten are more than any interpreting agency can arrange around.',
      }),
    ),
  },
  'One language of the person.',
)

export const Interpreting = group(
  {
    callName: Type.Optional(name('What to call the person; need not be a legal name.')),
    languages: Type.Optional(
      Type.Array(Language, { maxItems: 10, description: 'The best language first.' }),
    ),
    communicationNeeds: Type.Optional(
      page('Hearing, sight, reading, memory: what makes a conversation possible.'),
    ),
    safeToLeaveMessage: Type.Optional(
      yesOrNo('Whether a message may be left where others could hear or read it.'),
    ),
    bestTime: Type.Optional(note('When the person can be reached.')),
  },
  'What an interpreter or visitor needs, and no more.',
)

export type Interpreting = Static<typeof Interpreting>
