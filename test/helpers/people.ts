/**
 * People as referrals describe them, and match values for them. What the server does depends on
 * which values are equal and on nothing else of them, so these are hashes of the plain keys.
 */
import { createHash } from 'node:crypto'
import type { Matching } from '../../src/protocol/envelope.ts'
import { type MatchKey, matchKeys, type Person } from '../../src/protocol/matchkeys.ts'

/** Ten spellings of one man, with one birth date and one reference. */
export const spellings: readonly Person[] = [
  ['Mohammed', 'Al-Hussein'],
  ['Muhammad', 'Hussain'],
  ['Mohamed', 'Al Husayn'],
  ['Mohammad', 'Hossein'],
  ['Muhammed', 'Husain'],
  ['Mohamad', 'Hussien'],
  ['Hussein', 'Mohammed'],
  ['Mohammed Ali', 'Hussein'],
  ['محمد', 'حسين'],
  ['Mehmet', 'Hüseyin'],
].map(([givenNames = '', familyName = '']) => ({
  ...{ givenNames, familyName },
  dateOfBirth: { date: '1991-05-17' },
  identifiers: [{ type: 'home_office_file', value: 'M1234567' }],
}))

/** The keys of a person as an envelope carries them, under one epoch. */
export function matchingOf(person: Person, epoch = 1): Matching {
  return { epoch, values: valuesOf(matchKeys(person)) }
}

/** Equal for equal keys. */
export function valuesOf(keys: readonly MatchKey[]): Matching['values'] {
  return keys.map(({ type, value }) => {
    const hash = createHash('sha256').update(`${type} ${value}`).digest().subarray(0, 16)
    return { type, value: hash.toString('base64url') }
  })
}
