/**
 * Writes match-keys-1.json: `node test/vectors/generate-match-keys.ts`. Only for a new recipe, or to
 * add people: a change of what stands there is a break with every match key that was ever blinded.
 *
 * Beside the keys stands what each step made, so that a language without the same libraries can check
 * every other step.
 */
import { writeFileSync } from 'node:fs'
import { doubleMetaphone } from 'double-metaphone'
import { matchKeys, matchKeyTypes, type Person } from '../../src/protocol/matchkeys.ts'
import { minHashOf } from '../../src/protocol/minhash.ts'
import { tokensOf, transliterate } from '../../src/protocol/names.ts'
import { skeletonOf } from '../../src/protocol/skeleton.ts'
import { people } from './people.ts'

/** What a deployment might use that leaves out the types that counting could touch. */
const fewerTypes = matchKeyTypes.filter((type) => !/^(N|P|I_D|I_D01)$/.test(type))

const vectors = {
  note:
    'The people are invented. `latin` is each name in form NFC with other scripts in Latin letters: given ' +
    'names, family name, other names. `p` is the primary code of double metaphone, `k` the skeleton. ' +
    '`digits` is the number of each telephone, or null where it has none. `minima` are for seeds 0, 1, 2.',
  recipe: 'match-keys/1',
  types: matchKeyTypes,
  fewerTypes,
  people: people.map(vectorOf),
}

function vectorOf(person: Person) {
  const { givenNames, familyName, otherNames = [], phones = [] } = person
  const names = [givenNames, familyName, ...otherNames].filter((name) => name !== undefined)
  const tokens = tokensOf(names)
  const keys = matchKeys(person)
  const some = matchKeys(person, fewerTypes)
  return {
    person,
    latin: names.map(transliterate),
    tokens: tokens.map((token) => {
      return { token, p: doubleMetaphone(token)[0], k: skeletonOf(token) }
    }),
    minima: tokens.length > 0 ? minHashOf(tokens).split('.').map(Number) : [],
    digits: phones.map((phone) => matchKeys({ phones: [phone] })[0]?.value ?? null),
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

writeFileSync(new URL('match-keys-1.json', import.meta.url), `${written(vectors)}\n`)
