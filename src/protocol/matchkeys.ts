/**
 * Match keys, recipe `match-keys/1`: from what is known of a person to short texts that are equal
 * where two referrals are about the same person, though each spells the name its own way. They are
 * plain personal data, and leave a client only after blinding. docs/PROTOCOL.md, "Match keys".
 *
 * Every key joins two or more facts: a single one (a family name, a birth date) would tell whoever
 * counts equal values what it is, and would find nobody that the others do not.
 */
import { doubleMetaphone } from 'double-metaphone'
import parsePhoneNumber from 'libphonenumber-js/min'
import { identifierKey } from '../referral/identifiers.ts'
import { isUnanswered, type Readable, read, readList } from '../referral/reading.ts'
import { type Birth, birthOf } from './birth.ts'
import { minHashOf } from './minhash.ts'
import { tokensOf } from './names.ts'
import { skeletonOf } from './skeleton.ts'

/** What the recipe reads of a person. All of it may be missing. */
export type Person = {
  familyName?: string
  givenNames?: string
  otherNames?: readonly string[]
  /** `date` as `yyyy-mm-dd`; `year` is read where there is no such date. */
  dateOfBirth?: { date?: string; year?: number }
  identifiers?: readonly { type: string; value: string }[]
  /** As people write them; without a country code they are numbers of the United Kingdom. */
  phones?: readonly string[]
}

/** One key, plain: never sent, only blinded. */
export type MatchKey = { readonly type: string; readonly value: string }

/** Every type, in the order in which they are kept where a person has more than 40 keys. */
export const matchKeyTypes: readonly string[] = [
  ...['REF', 'PHONE', 'N', 'P'],
  ...['T_D', 'T_D01', 'TP_D', 'TP_D01', 'TK_SD', 'TK_SD01'],
  ...['PP_Y', 'KK_Y', 'P_MD', 'I_D', 'I_D01', 'MH3_Y'],
]

const keysMax = 40
const referencesMax = 8
const phonesMax = 4

type Opened = Pick<Readable, 'identity' | 'contact'>

type Names = {
  readonly tokens: readonly string[]
  /** Double metaphone and skeleton of the tokens, without repeats and without empty ones. */
  readonly p: readonly string[]
  readonly k: readonly string[]
}

/**
 * The keys of a person: in the order of `matchKeyTypes`, then by code unit, 40 at most, none twice.
 *
 * @param types - those that a deployment uses; the others are not made and take no place of the 40
 */
export function matchKeys(person: Person, types: readonly string[] = matchKeyTypes): MatchKey[] {
  const tokens = tokensOf(namesOf(person))
  const names: Names = { tokens, p: coded(tokens, metaphoneOf), k: coded(tokens, skeletonOf) }
  const birth = birthOf(person.dateOfBirth)
  const values: Readonly<Record<string, readonly string[]>> = {
    REF: sorted(references(person.identifiers ?? [])).slice(0, referencesMax),
    PHONE: sorted(phoneDigits(person.phones ?? [])).slice(0, phonesMax),
    N: whole(tokens),
    P: whole(names.p),
    ...(birth && tokens.length > 0 && withBirth(names, birth)),
  }
  return matchKeyTypes
    .filter((type) => types.includes(type))
    .flatMap((type) => sorted(values[type] ?? []).map((value) => ({ type, value })))
    .slice(0, keysMax)
}

/**
 * What the recipe reads of a referral, which may be an opened one that does not fit the schema: what
 * is no text where a text belongs counts as not given. The name in the person's own script is left
 * out, for it is the same names once more; and so are the telephones of others, which a whole family
 * gives, or all whom one visitor helps.
 */
export function personOf({ identity, contact }: Opened): Person {
  const [familyName] = textsOf([read(identity, 'familyName')])
  const [givenNames] = textsOf([read(identity, 'givenNames')])
  const [date] = textsOf([read(identity, 'dateOfBirth', 'date')])
  const year = read(identity, 'dateOfBirth', 'year')
  return {
    ...(familyName !== undefined && { familyName }),
    ...(givenNames !== undefined && { givenNames }),
    otherNames: textsOf(readList(identity, 'otherNames')),
    dateOfBirth: { ...(date !== undefined && { date }), ...(typeof year === 'number' && { year }) },
    identifiers: readList(identity, 'identifiers').flatMap((identifier) => {
      const [type, value] = [read(identifier, 'type'), read(identifier, 'value')]
      return typeof type === 'string' && typeof value === 'string' ? [{ type, value }] : []
    }),
    phones: textsOf([read(contact, 'phone')]),
  }
}

/** The types that hold a birth date. There is a token or more. */
function withBirth({ tokens, p, k }: Names, { year, day }: Birth) {
  const withYear = {
    PP_Y: pairs(p).map((pair) => `${pair}|${year}`),
    KK_Y: pairs(k).map((pair) => `${pair}|${year}`),
    MH3_Y: [`${minHashOf(tokens)}|${year}`],
  }
  if (!day) return withYear
  const { D, MD, SD } = day
  const suffix = day.first ? '01' : ''
  // Of more than two tokens the first two initials in order: which token is whose name is not known.
  const initials = tokens.map((token) => token.slice(0, 1)).sort()
  return {
    ...withYear,
    [`T_D${suffix}`]: tokens.map((token) => `${token}|${D}`),
    [`TP_D${suffix}`]: p.map((code) => `${code}|${D}`),
    [`TK_SD${suffix}`]: k.map((code) => `${code}|${SD}`),
    [`I_D${suffix}`]: tokens.length > 1 ? [`${initials.slice(0, 2).join(' ')}|${D}`] : [],
    P_MD: p.length > 0 ? [`${sorted(p).join(' ')}|${MD}`] : [],
  }
}

function namesOf({ givenNames, familyName, otherNames = [] }: Person): string[] {
  return [givenNames, familyName, ...otherNames].filter((name) => name !== undefined)
}

function metaphoneOf(token: string): string {
  return doubleMetaphone(token)[0]
}

function coded(tokens: readonly string[], codeOf: (token: string) => string): string[] {
  const codes = tokens.map(codeOf).filter((code) => code !== '')
  return [...new Set(codes)]
}

/** All members in one value; none where there is a single one, which would be a fact by itself. */
function whole(members: readonly string[]): string[] {
  return members.length > 1 ? [sorted(members).join(' ')] : []
}

function pairs(members: readonly string[]): string[] {
  const ordered = sorted(members)
  return ordered.flatMap((a, index) => ordered.slice(index + 1).map((b) => `${a} ${b}`))
}

function references(identifiers: readonly { type: string; value: string }[]): string[] {
  return identifiers.flatMap(({ type, value }) => {
    const key = identifierKey(type, value)
    return key ? [`${key.type}|${key.value}`] : []
  })
}

function phoneDigits(phones: readonly string[]): string[] {
  return phones.flatMap((phone) => {
    const number = parsePhoneNumber(phone, 'GB')
    // Its length is right. Whether a number is in use changes with each edition of the plans.
    return number?.isPossible() ? [number.number.slice(1)] : []
  })
}

/** The texts among answers, without `unknown` and `not_asked`, which are no names. */
function textsOf(answers: readonly unknown[]): string[] {
  return answers.filter((answer): answer is string => {
    return typeof answer === 'string' && !isUnanswered(answer)
  })
}

/** By UTF-16 code unit, without repeats. */
function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}
