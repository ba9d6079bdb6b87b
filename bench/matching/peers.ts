/** What is obvious to try first, in plain text: to see what the keys are worth beside it. */
import { doubleMetaphone } from 'double-metaphone'
import { sharersScannedMax } from '../../src/matching/evidence.ts'
import type { Person } from '../../src/protocol/matching/matchkeys.ts'
import { type Rates, ratesOf } from './measure.ts'
import type { TrueRecord } from './records.ts'

type Rule = (person: Person) => readonly string[]

const nameOf = ({ givenNames = '', familyName = '' }: Person) => {
  return givenNames && familyName ? `${givenNames} ${familyName}`.toLowerCase() : undefined
}

const soundOf = ({ givenNames = '', familyName = '' }: Person) => {
  const codes = [givenNames, familyName].map((name) => doubleMetaphone(name)[0])
  return codes.every((code) => code !== '') ? codes.join(' ') : undefined
}

const joined = (...parts: readonly (string | undefined)[]): string[] => {
  return parts.every((part) => part !== undefined) ? [parts.join('|')] : []
}

const sameNameAndDate: Rule = (person) => {
  return joined('name', nameOf(person), person.dateOfBirth?.date)
}

const anyOfFive: readonly Rule[] = [
  ({ identifiers = [] }) => identifiers.map(({ value }) => `reference|${value}`),
  ({ phones = [] }) => phones.map((phone) => `phone|${phone}`),
  sameNameAndDate,
  (person) => joined('sound', soundOf(person), person.dateOfBirth?.date?.slice(0, 4)),
  ({ familyName, dateOfBirth }) => joined('family', familyName, dateOfBirth?.date),
]

/** Pairs that agree by a rule count as found. */
export function measurePeers(
  records: readonly TrueRecord[],
): readonly { readonly name: string; readonly rates: Rates }[] {
  const truths = records.map(({ truth }) => truth)
  const rates = (rules: readonly Rule[]) => ratesOf(truths, agreeing(records, rules))
  return [
    { name: 'same name and birth date', rates: rates([sameNameAndDate]) },
    { name: 'any of five plain rules', rates: rates(anyOfFive) },
  ]
}

function agreeing(records: readonly TrueRecord[], rules: readonly Rule[]) {
  const holders = new Map<string, number[]>()
  return records.flatMap(({ person }, right) => {
    const values = rules.flatMap((rule) => rule(person))
    const lefts = new Set(values.flatMap((value) => holders.get(value) ?? []))
    for (const value of values) {
      const list = holders.get(value) ?? []
      // As in the service, one value does not bring more than so many: a column of one word would.
      if (list.length < sharersScannedMax) holders.set(value, [...list, right])
    }
    return [...lefts].map((left) => ({ left, right }))
  })
}
