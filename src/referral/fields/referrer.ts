import type { Static } from 'typebox'
import * as Type from 'typebox'
import { group } from './answer.ts'
import { email, name, note, phone } from './text.ts'

export const Referrer = group(
  {
    reference: Type.Optional(name("The referrer's own number for this matter.")),
    role: Type.Optional(name('What the referrer is: solicitor, caseworker, nurse, visitor.')),
    name: Type.Optional(name('Who refers.')),
    organisation: Type.Optional(name('For whom they work.')),
    regulatorNumber: Type.Optional(name('SRA, IAA, GMC or NMC number.')),
    phone: Type.Optional(phone("The referrer's number.")),
    email: Type.Optional(email("The referrer's address.")),
    relationship: Type.Optional(note('Who the referrer is to the person.')),
    typedBy: Type.Optional(name('Who typed, when it was not the one who spoke.')),
  },
  'Who sends the referral, and who typed it.',
)

export type Referrer = Static<typeof Referrer>
