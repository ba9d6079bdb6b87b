/**
 * What is asked, in the order in which it is asked. Nothing must be answered but who refers: a page that is
 * left empty counts as not asked, and a person will ask it later. The words are in `texts/en.json`.
 */

import { requests } from '../../referral/codes/clinical.ts'
import { genders } from '../../referral/codes/identity.ts'
import { preferredGenders } from '../../referral/codes/interpreting.ts'
import { places } from '../../referral/codes/places.ts'

const codesOf = <Code extends string>(table: Readonly<Record<Code, string>>) =>
  Object.keys(table) as Code[]

/** The codes to choose from; each has its words in the texts, `option.SET.CODE`. */
export const optionSets = {
  who: ['detained_person_web', 'family_friend', 'visitor'],
  answer: ['yes', 'no', 'unknown'],
  consent: ['given', 'refused', 'not_asked'],
  gender: codesOf(genders),
  preferred: codesOf(preferredGenders),
  requested: codesOf(requests),
  place: codesOf(places).filter((place) => place !== 'released'),
} as const

type Named = { readonly id: string }

/** One question. `one` may ask more where it is answered with yes. */
export type Question = Named &
  (
    | { readonly kind: 'line'; readonly charactersMax: number; readonly telephone?: true }
    | { readonly kind: 'text'; readonly charactersMax: number }
    | {
        readonly kind: 'one'
        readonly options: keyof typeof optionSets
        readonly ifYes?: readonly Question[]
      }
    | { readonly kind: 'several'; readonly options: keyof typeof optionSets }
    | { readonly kind: 'select'; readonly from: 'place' | 'language' | 'country' }
    /** A day of the calendar, past or to come or either; where `orYear` is set, the year alone will do. */
    | { readonly kind: 'day'; readonly orYear?: true; readonly lies?: 'past' | 'ahead' }
    /** For how many days something has gone on, at most a year. */
    | { readonly kind: 'days' }
  )

export type Page = Named & {
  /** Who is asked: everybody, unless it says otherwise. */
  readonly asks?: 'the person' | 'a helper'
  readonly questions: readonly Question[]
}

// As src/referral/fields/text.ts has them.
const name = { kind: 'line', charactersMax: 200 } as const
const note = { kind: 'line', charactersMax: 500 } as const
const telephone = { kind: 'line', charactersMax: 40, telephone: true } as const
const answer = { kind: 'one', options: 'answer' } as const
const consent = { kind: 'one', options: 'consent' } as const

export const pages = [
  { id: 'who', questions: [{ id: 'who', kind: 'one', options: 'who' }] },
  {
    id: 'helper',
    asks: 'a helper',
    questions: [
      { id: 'helperName', ...name },
      { id: 'helperRelationship', ...note },
      { id: 'helperPhone', ...telephone },
      { id: 'personKnows', ...answer },
    ],
  },
  {
    id: 'name',
    questions: [
      { id: 'givenNames', ...name },
      { id: 'familyName', ...name },
    ],
  },
  {
    id: 'reach',
    questions: [
      { id: 'phone', ...telephone },
      { id: 'extension', ...note },
      { id: 'safeToLeaveMessage', ...answer },
    ],
  },
  {
    id: 'place',
    questions: [
      { id: 'place', kind: 'select', from: 'place' },
      { id: 'wing', ...name },
      { id: 'detainedSince', kind: 'day', lies: 'past' },
    ],
  },
  {
    id: 'safety',
    questions: [
      { id: 'removal', ...answer, ifYes: [{ id: 'removalAt', kind: 'day', lies: 'ahead' }] },
      { id: 'hospital', ...answer },
      { id: 'noFood', ...answer, ifYes: [{ id: 'noFoodDays', kind: 'days' }] },
      { id: 'noDrink', ...answer, ifYes: [{ id: 'noDrinkDays', kind: 'days' }] },
      { id: 'suicide', ...answer, ifYes: [{ id: 'suicidePlan', ...answer }] },
      { id: 'selfHarm', ...answer, ifYes: [{ id: 'selfHarmNow', ...answer }] },
      { id: 'pregnant', ...answer },
      { id: 'torture', ...answer },
      {
        id: 'medicine',
        ...answer,
        ifYes: [
          { id: 'medicineName', ...name },
          { id: 'medicineEssential', ...answer },
        ],
      },
    ],
  },
  {
    id: 'language',
    questions: [
      { id: 'language', kind: 'select', from: 'language' },
      { id: 'languageInWords', ...note },
      { id: 'interpreter', ...answer },
      { id: 'interpreterGender', kind: 'one', options: 'preferred' },
      { id: 'interpreterAvoid', ...note },
    ],
  },
  {
    id: 'about',
    questions: [
      { id: 'born', kind: 'day', orYear: true, lies: 'past' },
      { id: 'gender', kind: 'one', options: 'gender' },
      { id: 'nationality', kind: 'select', from: 'country' },
      { id: 'number', ...name },
    ],
  },
  {
    id: 'lawyer',
    questions: [
      {
        id: 'lawyer',
        ...answer,
        ifYes: [
          { id: 'lawyerFirm', ...name },
          { id: 'lawyerName', ...name },
          { id: 'lawyerPhone', ...telephone },
        ],
      },
      { id: 'hearing', ...answer, ifYes: [{ id: 'hearingAt', kind: 'day' }] },
    ],
  },
  {
    id: 'health',
    questions: [
      { id: 'illness', ...name },
      { id: 'mentalHealth', ...answer },
      { id: 'disability', ...answer },
      { id: 'trafficking', ...answer },
      { id: 'sexualViolence', ...answer },
      { id: 'force', ...answer },
      { id: 'clinicianGender', kind: 'one', options: 'preferred' },
    ],
  },
  { id: 'help', questions: [{ id: 'requested', kind: 'several', options: 'requested' }] },
  { id: 'story', questions: [{ id: 'story', kind: 'text', charactersMax: 30_000 }] },
  {
    id: 'consent',
    asks: 'the person',
    questions: [
      { id: 'assessment', ...consent },
      { id: 'records_request', ...consent },
      { id: 'contact_solicitor', ...consent },
      { id: 'contact_healthcare', ...consent },
      { id: 'contact_home_office', ...consent },
      { id: 'share_with_partners', ...consent },
      { id: 'research', ...consent },
    ],
  },
] as const satisfies readonly Page[]

type AnyPage = (typeof pages)[number]
export type PageId = AnyPage['id']
type Asked = AnyPage['questions'][number]
type Revealed<Q> = Q extends { ifYes: readonly (infer More)[] } ? More : never
/** The name of every question, of those that a yes reveals as well. */
export type QuestionId = (Asked | Revealed<Asked>)['id' & keyof (Asked | Revealed<Asked>)]

/** The parts of a day, as people say them. */
export const dayParts = ['day', 'month', 'year'] as const

/** After this page a person may send what there is. */
export const lastBeforeSending: PageId = 'safety'

/** A question and those that it may reveal. */
export function withRevealed(question: Question): readonly Question[] {
  return question.kind === 'one' ? [question, ...(question.ifYes ?? [])] : [question]
}
