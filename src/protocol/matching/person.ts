import * as Type from 'typebox'
import { group } from '../../referral/fields/answer.ts'
import { Identity } from '../../referral/fields/identity.ts'
import { name, phone } from '../../referral/fields/text.ts'

const { otherNames, dateOfBirth, identifiers } = Identity.properties

/** The form of a `Person` that somebody wrote by hand, to say what is wrong with it. */
export const PersonForm = group({
  familyName: Type.Optional(name('The family name.')),
  givenNames: Type.Optional(name('The given names.')),
  otherNames,
  dateOfBirth,
  identifiers,
  phones: Type.Optional(Type.Array(phone('A number of the person.'), { maxItems: 10 })),
})
