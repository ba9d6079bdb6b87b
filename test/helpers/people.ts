/**
 * People as referrals describe them, and match values for them. What the server does depends on
 * which values are equal and on nothing else of them, so these are hashes of the plain keys.
 */
import { createHash } from 'node:crypto'
import type { Matching } from '../../src/protocol/envelope/envelope.ts'
import { type MatchKey, matchKeys, type Person } from '../../src/protocol/matching/matchkeys.ts'

const firstBirthMs = Date.UTC(1950, 1, 2)
const dayMs = 86_400_000

/** Latin spellings of names, as passports and ears have them; those of a row share every code. */
const givenNames = [
  ['Mohammed', 'Muhammad', 'Mohamed', 'Mohammad', 'Muhammed', 'Mohamad'],
  ['Yusuf', 'Yousef', 'Youssef', 'Yusef', 'Yousuf'],
  ['Ibrahim', 'Ebrahim', 'Ibraheem', 'Ibrahem'],
  ['Abdullah', 'Abdulla', 'Abdallah', 'Abdulah'],
  ['Tesfay', 'Tesfaye', 'Tesfai', 'Tesfaie'],
]
const familyNames = [
  ['Hussein', 'Hussain', 'Husain', 'Husayn', 'Hossein', 'Hussien'],
  ['Rahimi', 'Raheemi', 'Rahimy', 'Rahimie'],
  ['Saleh', 'Salih', 'Salah', 'Saleeh'],
  ['Berhane', 'Berhana', 'Birhane', 'Berhanie'],
]

/**
 * One person as ten people spell the name, with one birth date and one reference. Any two of them are
 * merged by the weights in use: tests that need it look (`verdictOf`).
 *
 * @param number - another one is another person
 */
export function spellingsOf(number: number): Person[] {
  const given = givenNames[number % givenNames.length]!
  const family = familyNames[Math.floor(number / givenNames.length) % familyNames.length]!
  const pairs = given.flatMap((first) => family.map((last) => [first, last] as const))
  const step = Math.floor(pairs.length / 10)
  const date = new Date(firstBirthMs + ((number * 7_919) % 20_000) * dayMs)
  return Array.from({ length: 10 }, (_, at) => {
    const [first, last] = pairs[at * step]!
    // Who types does not always know which is whose.
    const [givenNames, familyName] =
      at === 8 ? [last, first] : [first, at === 9 ? `Al-${last}` : last]
    return {
      ...{ givenNames, familyName },
      dateOfBirth: {
        date: date
          .toISOString()
          .slice(0, 10)
          .replace(/-01-01$/, '-01-02'),
      },
      identifiers: [{ type: 'home_office_file', value: `F${String(number).padStart(7, '0')}` }],
    }
  })
}

const syllables = ['pa', 'te', 'ki', 'fo', 'lu', 'ma', 'ne', 'ri', 'so', 'ju']
const taken = new Set<string>()
let tries = 0

/** Somebody who shares no match value with anybody before in this process. */
export function stranger(): Person {
  for (;;) {
    tries += 1
    const drawn = createHash('sha256').update(String(tries)).digest()
    const named = (from: number) =>
      [...drawn.subarray(from, from + 4)].map((byte) => syllables[byte % 10]).join('')
    const date = new Date(firstBirthMs + (drawn.readUInt16BE(8) % 20_000) * dayMs)
    const person: Person = {
      ...{ givenNames: named(0), familyName: named(4) },
      dateOfBirth: { date: date.toISOString().slice(0, 10) },
      identifiers: [{ type: 'home_office_file', value: `S${String(tries).padStart(7, '0')}` }],
    }
    const keys = matchKeys(person)
    const names = keys.map(({ type, value }) => `${type} ${value}`)
    // A birth date of 1 January is taken for invented, and one name twice is but one.
    const isPlain = keys.some(({ type }) => type === 'N') && keys.some(({ type }) => type === 'I_D')
    if (!isPlain || names.some((name) => taken.has(name))) continue
    for (const name of names) taken.add(name)
    return person
  }
}

/** Somebody else who goes by the same reference, as families do. */
export function relativeOf({ identifiers = [] }: Person): Person {
  return { ...stranger(), identifiers }
}

/** The keys of a person as an envelope carries them, under one epoch. */
export function matchingOf(person: Person, epoch = 1): Matching {
  return { epoch, values: valuesOf(matchKeys(person)) }
}

/** Keys of several people as if they were one's: it matches each of them. */
export function matchingOfAll(people: readonly Person[], epoch = 1): Matching {
  const values = people.flatMap((person) => matchingOf(person, epoch).values)
  return { epoch, values: [...new Map(values.map((it) => [it.value, it])).values()].slice(0, 40) }
}

/** Equal for equal keys, by type and then value, as the envelope wants them. */
export function valuesOf(keys: readonly MatchKey[]): Matching['values'] {
  return keys.map(({ type, value }) => {
    const hash = createHash('sha256').update(`${type} ${value}`).digest().subarray(0, 16)
    return { type, value: hash.toString('base64url') }
  })
}
