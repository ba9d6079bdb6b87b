import type { Static } from 'typebox'
import * as Type from 'typebox'
import { group, yesOrNo } from './answer.ts'
import { email, name, note, phone } from './text.ts'

const OtherContact = group(
  {
    name: Type.Optional(name('Who this is.')),
    relationship: Type.Optional(note('Who they are to the person.')),
    phone: Type.Optional(phone('Their number.')),
    email: Type.Optional(email('Their address.')),
    mayKnow: Type.Optional(yesOrNo('Whether they may know of this referral.')),
  },
  'Somebody else through whom the person can be reached.',
)

export const Contact = group(
  {
    phone: Type.Optional(phone("The person's own number.")),
    extension: Type.Optional(note('Extension, wing telephone or whom to ask for.')),
    others: Type.Optional(
      Type.Array(OtherContact, { maxItems: 10, description: 'In the order to try them.' }),
    ),
  },
  'How to reach the person.',
)

export type Contact = Static<typeof Contact>
