/** People as the service sees them: sixteen match values, of which only the types say anything. */
import { randomBytes } from 'node:crypto'
import type { Matching } from '../../src/protocol/envelope/envelope.ts'
import { matchKeys } from '../../src/protocol/matching/matchkeys.ts'

/** The types of one person's keys by the recipe: two names, a birth date, two references. */
export const types: readonly string[] = matchKeys({
  ...{ familyName: 'Hussein', givenNames: 'Mohammed', dateOfBirth: { date: '1991-05-17' } },
  identifiers: [
    { type: 'uan', value: '1212-0000-1234-5678' },
    { type: 'prison_number', value: 'A1234BC' },
  ],
  phones: ['+44 7700 900123'],
}).map(({ type }) => type)

export type Person = Matching['values']

/** Sixteen values that nobody else has. */
export function newPerson(): Person {
  return types.map((type) => ({ type, value: randomBytes(16).toString('base64url') }))
}
