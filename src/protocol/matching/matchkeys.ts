/**
 * Match keys, recipe `match-keys/2`: from what is known of a person to short texts that are equal
 * where two referrals are about the same person, though each spells the name its own way. They are
 * plain personal data, and leave a client only after blinding. docs/PROTOCOL.md, "Match keys".
 *
 * Every key joins two or more facts: a single one (a family name, a birth date) would tell whoever
 * counts equal values what it is, and would find nobody that the others do not.
 */
import { doubleMetaphone } from 'double-metaphone'
import { identifierKey } from '../../referral/identifiers.ts'
import { isUnanswered, type Readable, read, readList } from '../../referral/reading.ts'
import { type Birth, birthsOf } from './birth.ts'
import { matchKeyTypes, referenceTypes } from './keytypes.ts'
import { minHashOf } from './minhash.ts'
import { isCommon, tokensOf } from './names.ts'
import { skeletonOf } from './skeleton.ts'
import { telephonesIn } from './telephones.ts'

/** What the recipe reads of a person. All of it may be missing. */
export type Person = {
  familyName?: string
  givenNames?: string
  otherNames?: readonly string[]
  /** `date` as `yyyy-mm-dd`; `year` is read where there is no such date. */
  dateOfBirth?: { date?: string; year?: number; otherDates?: readonly string[] }
  identifiers?: readonly { type: string; value: string }[]
  /** As people write them; without a country code they are numbers of the United Kingdom. */
  phones?: readonly string[]
}

/** One key, plain: never sent, only blinded. */
export type MatchKey = { readonly type: string; readonly value: string }

const keysMax = 40
const referencesMax = 8
const filesMax = 4
const phonesMax = 4

type Opened = Pick<Readable, 'identity' | 'contact'>

type Names = {
  readonly tokens: readonly string[]
  /** Those that half a tradition bears left out: the parts that say something alone. */
  readonly parts: readonly string[]
}

/**
 * The keys of a person: in the order of `matchKeyTypes`, then by code unit, 40 at most, none twice.
 *
 * @param types - those that a deployment uses; the others are not made and take no place of the 40
 */
export function matchKeys(person: Person, types: readonly string[] = matchKeyTypes): MatchKey[] {
  const tokens = tokensOf(namesOf(person))
  const names: Names = { tokens, parts: tokens.filter((token) => !isCommon(token)) }
  const wanted = [
    ...references(person.identifiers ?? []),
    ...telephones(person.phones ?? []),
    ...withoutBirth(names),
    ...birthsOf(person.dateOfBirth).flatMap((birth) => withBirth(names, birth)),
  ]
  return matchKeyTypes
    .filter((type) => types.includes(type))
    .flatMap((type) => {
      const values = wanted.filter((key) => key.type === type).map(({ value }) => value)
      return sorted(values).map((value) => ({ type, value }))
    })
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
    dateOfBirth: {
      ...(date !== undefined && { date }),
      ...(typeof year === 'number' && { year }),
      otherDates: textsOf(readList(read(identity, 'dateOfBirth'), 'otherDates')),
    },
    identifiers: readList(identity, 'identifiers').flatMap((identifier) => {
      const [type, value] = [read(identifier, 'type'), read(identifier, 'value')]
      return typeof type === 'string' && typeof value === 'string' ? [{ type, value }] : []
    }),
    phones: textsOf([read(contact, 'phone')]),
  }
}

/**
 * The types of names alone. `N1` and `P1` are those of a name of which one part at most says something
 * alone (Gurpreet Singh): two who share such a name have not two parts in common.
 */
function withoutBirth({ tokens, parts }: Names): MatchKey[] {
  const suffix = parts.length < 2 ? '1' : ''
  return [
    ...keysOf(`N${suffix}`, whole(tokens)),
    ...keysOf(`P${suffix}`, whole(coded(tokens, metaphoneOf))),
  ]
}

/** The types that hold a birth date. */
function withBirth({ tokens, parts }: Names, { year, day }: Birth): MatchKey[] {
  if (tokens.length === 0) return []
  const [p, k] = [coded(parts, metaphoneOf), coded(parts, skeletonOf)]
  const withYear = [
    ...keysOf('PP_Y', pairs(p), year),
    ...keysOf('KK_Y', pairs(k), year),
    ...keysOf('MH3_Y', tokens.length > 1 || parts.length > 0 ? [minHashOf(tokens)] : [], year),
  ]
  if (!day) return withYear
  const { D, MD, SD } = day
  const suffix = day.first ? '01' : ''
  // Of more than two tokens the first two initials in order: which token is whose name is not known.
  const initials = tokens.map((token) => token.slice(0, 1)).sort()
  const sounds = coded(tokens, metaphoneOf)
  return [
    ...withYear,
    ...keysOf(`T_D${suffix}`, parts, D),
    ...keysOf(`TP_D${suffix}`, p, D),
    ...keysOf(`TK_SD${suffix}`, k, SD),
    ...keysOf(`I_D${suffix}`, tokens.length > 1 ? [initials.slice(0, 2).join(' ')] : [], D),
    ...keysOf('P_MD', p.length > 0 ? [sorted(sounds).join(' ')] : [], MD),
  ]
}

function keysOf(type: string, members: readonly string[], birth?: string): MatchKey[] {
  return members.map((member) => {
    return { type, value: birth === undefined ? member : `${member}|${birth}` }
  })
}

function namesOf({ givenNames, familyName, otherNames = [] }: Person): string[] {
  return [givenNames, familyName, ...otherNames].filter((name) => name !== undefined)
}

function metaphoneOf(token: string): string {
  // `MHMMT` and `MHMT` are one sound: equal neighbours are written once.
  return doubleMetaphone(token)[0].replace(/(.)\1+/g, '$1')
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

function references(identifiers: readonly { type: string; value: string }[]): MatchKey[] {
  const found = identifiers.flatMap(({ type, value }) => identifierKey(type, value) ?? [])
  const numbers = found.map(({ type, value }) => {
    const isWhole = type === 'home_office_file' && !value.includes('/')
    return { type: isWhole ? 'REF_file0' : referenceTypes[type], value }
  })
  const files = found.flatMap(({ type, value }) => {
    return type === 'home_office_file' ? (value.split('/')[0] ?? []) : []
  })
  const ordered = matchKeyTypes.flatMap((type) => {
    const values = numbers.filter((number) => number.type === type).map(({ value }) => value)
    return keysOf(type, sorted(values))
  })
  return [...ordered.slice(0, referencesMax), ...keysOf('FILE', sorted(files).slice(0, filesMax))]
}

function telephones(phones: readonly string[]): MatchKey[] {
  return keysOf('PHONE', sorted(phones.flatMap(telephonesIn)).slice(0, phonesMax))
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
