import type { Static } from 'typebox'
import * as Type from 'typebox'
import { group } from './answer.ts'
import { day, page, storyCharactersMax, text } from './text.ts'

export const Narrative = group(
  {
    story: Type.Optional(
      text(storyCharactersMax, "In the person's own words, in any language and script."),
    ),
    questionsForClinician: Type.Optional(page('What the clinician is asked to answer.')),
    neededBy: Type.Optional(day('When the answer is needed.')),
  },
  "The person's own account, and what is asked of it.",
)

export type Narrative = Static<typeof Narrative>
