import type { Static } from 'typebox'
import * as Type from 'typebox'
import { genders, identifierTypes } from '../codes/identity.ts'
import { identifierForms } from '../identifiers.ts'
import { group, mustAnswer, yesOrNo } from './answer.ts'
import { code } from './code.ts'
import { Day, name, shaped } from './text.ts'

const DateOfBirth = group(
  {
    date: Type.Optional(Day),
    year: Type.Optional(
      Type.Integer({
        minimum: 1000,
        maximum: 9999,
        description:
          'Where only the year is known. Before 1900 or after today it may be of another calendar.',
      }),
    ),
    disputed: Type.Optional(yesOrNo('Whether the Home Office or the person disputes it.')),
    otherDates: Type.Optional(
      Type.Array(Day, {
        maxItems: 5,
        description: 'Others on record: a person whose age is disputed has two.',
      }),
    ),
  },
  'The date of birth, or the year alone.',
)

const Identifier = group(
  {
    type: code(identifierTypes, 'Which number this is.'),
    value: name(
      `Put right where its form is known; any other is kept as typed. The forms: ${formsInWords()}.`,
    ),
  },
  'A number by which the person is known.',
)

function formsInWords(): string {
  return Object.entries(identifierForms)
    .map(([type, { says, form }]) => `${type}: ${says}, ${form}`)
    .join('; ')
}

export const Identity = group(
  {
    familyName: Type.Optional(mustAnswer(name('As spelt by the person.'), 'The family name.')),
    givenNames: Type.Optional(mustAnswer(name('As spelt by the person.'), 'The given names.')),
    otherNames: Type.Optional(
      Type.Array(name('Another spelling, a former name, a name used by the Home Office.'), {
        maxItems: 20,
        description: 'Other spellings help to find the same person again.',
      }),
    ),
    nameInOwnScript: Type.Optional(name('The name as the person writes it.')),
    dateOfBirth: Type.Optional(DateOfBirth),
    gender: Type.Optional(code(genders, 'As the person says.')),
    nationalities: Type.Optional(
      Type.Array(shaped('^([A-Z]{2}|XXX)$', 'ISO 3166-1 alpha-2, `XXX` for stateless.'), {
        maxItems: 10,
        description: 'Claimed and disputed ones alike.',
      }),
    ),
    identifiers: Type.Optional(
      Type.Array(Identifier, { maxItems: 30, description: 'Every number that was given.' }),
    ),
  },
  'Who the person is. A family name or given names must be answered: one name is enough.',
  { anyOf: [{ required: ['familyName'] }, { required: ['givenNames'] }] },
)

export type Identity = Static<typeof Identity>
