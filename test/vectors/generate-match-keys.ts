/**
 * Writes match-keys-2.json: `node test/vectors/generate-match-keys.ts`. Only for a new recipe, or to
 * add people: a change of what stands there is a break with every match key that was ever blinded.
 *
 * Beside the keys stands what each step made, so that a language without the same libraries can check
 * every other step.
 */
import { writeFileSync } from 'node:fs'
import anyAscii from 'any-ascii'
import { doubleMetaphone } from 'double-metaphone'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { matchKeys, type Person } from '../../src/protocol/matching/matchkeys.ts'
import { minHashOf } from '../../src/protocol/matching/minhash.ts'
import { tokensOf } from '../../src/protocol/matching/names.ts'
import { skeletonOf } from '../../src/protocol/matching/skeleton.ts'
import { matchKeysRecipe } from '../../src/protocol/trust/keyset.ts'
import { people } from './people.ts'
import { spellings } from './spellings.ts'

/** What a deployment might use that leaves out the types that counting could touch. */
const fewerTypes = matchKeyTypes.filter((type) => !/^(N|P|N1|P1|I_D|I_D01)$/.test(type))

const vectors = {
  note:
    'The people are invented. `letters` is what any-ascii writes for each character that needs it. `p` ' +
    'is the primary code of double metaphone, before equal neighbours are written once, `k` the skeleton. ' +
    '`digits` are the numbers of each telephone. `minima` are for seeds 0, 1, 2. `spellings` are people ' +
    'in two spellings, all born on one day.',
  recipe: matchKeysRecipe,
  types: matchKeyTypes,
  fewerTypes,
  letters: lettersOf([...people, ...spellings.flatMap(bothOf)]),
  people: people.map(vectorOf),
  spellings: spellings.map((two) => {
    const [own, other] = bothOf(two).map(vectorOf)
    return { script: two.script, own, other }
  }),
}

function bothOf({ own, other }: (typeof spellings)[number]): Person[] {
  return [own, other].map(([givenNames, familyName]) => {
    return { givenNames, familyName, dateOfBirth: { date: '1991-04-17' } }
  })
}

function namesOf({ givenNames, familyName, otherNames = [] }: Person): string[] {
  return [givenNames, familyName, ...otherNames].filter((name) => name !== undefined)
}

/** Every character of the names that may need a transliterator, whole and taken apart. */
function lettersOf(all: readonly Person[]): Record<string, string> {
  const text = all.flatMap(namesOf).join('')
  const apart = [text.normalize('NFC'), text.normalize('NFKC'), text.normalize('NFKD')].join('')
  const letters = [...new Set(`${apart}${apart.toLowerCase()}`)].filter((letter) => {
    return /[\p{L}\p{M}]/u.test(letter) && !/[a-z]/i.test(letter)
  })
  return Object.fromEntries(letters.sort().map((letter) => [letter, anyAscii(letter)]))
}

function vectorOf(person: Person) {
  const tokens = tokensOf(namesOf(person))
  const keys = matchKeys(person)
  const some = matchKeys(person, fewerTypes)
  const digits = (person.phones ?? []).map((phone) => {
    return matchKeys({ phones: [phone] }).map(({ value }) => value)
  })
  return {
    person,
    tokens: tokens.map((token) => {
      return { token, p: doubleMetaphone(token)[0], k: skeletonOf(token) }
    }),
    minima: tokens.length > 0 ? minHashOf(tokens).split('.').map(Number) : [],
    ...(digits.length > 0 && { digits }),
    keys,
    // Where the limit of 40 bites, others take the places of the types that are left out.
    ...(keys.length === 40 && { fewerKeys: some }),
  }
}

/** JSON, with what fits on one line written on one line. */
function written(value: unknown, indent = ''): string {
  const line = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || indent.length + line.length < 100) return line
  const deeper = `${indent} `
  const members = Array.isArray(value)
    ? value.map((member) => written(member, deeper))
    : Object.entries(value).map(([name, member]) => `"${name}": ${written(member, deeper)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${members.map((member) => deeper + member).join(',\n')}\n${indent}${close}`
}

writeFileSync(new URL('match-keys-2.json', import.meta.url), `${written(vectors)}\n`)
