/**
 * Goal: what becomes of two referrals is what a person would have it, for each naming tradition.
 * Method: invented pairs whose truth is known, end to end: keys, score, decision. `expected` stands in
 * each row; of different people those alone are merged that docs/MATCHING.md names as beyond telling.
 */
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import t from 'tap'
import { type Evidence, judge } from '../../src/matching/odds.ts'
import { matchKeys, type Person } from '../../src/protocol/matching/matchkeys.ts'
import { evidenceBetween } from '../helpers/between.ts'

type Row = Readonly<Record<string, string>>
const file = new URL('../vectors/matching/pairs.csv', import.meta.url)
const rows: readonly Row[] = parse(readFileSync(file, 'utf8'), { columns: true })

function personIn(row: Row, side: 1 | 2): Person {
  const of = (name: string) => row[`${name}${side}`] ?? ''
  const [type = '', value = ''] = of('ref').split(':')
  return {
    ...{ givenNames: of('given'), familyName: of('family') },
    ...(of('dob') !== '' && { dateOfBirth: { date: of('dob') } }),
    ...(value !== '' && { identifiers: [{ type, value }] }),
    ...(of('phone') !== '' && { phones: [of('phone')] }),
  }
}

function between(one: Person, other: Person): Evidence {
  return evidenceBetween(matchKeys(one), matchKeys(other))
}

t.test('each pair is merged, asked about or left, as stands in its row', async (t) => {
  t.equal(rows.length, 60)
  for (const [index, row] of rows.entries()) {
    const [one, other] = [personIn(row, 1), personIn(row, 2)]
    const name = `row ${index + 1}, ${row.tradition}: ${row.kind}`
    t.equal(judge(between(one, other)).verdict, row.expected, name)
    t.equal(judge(between(other, one)).verdict, row.expected, `${name}, the other way round`)
  }
})

t.test('of different people those alone are merged that the document names by row', async (t) => {
  const document = readFileSync('docs/MATCHING.md', 'utf8')
  for (const [index, row] of rows.entries()) {
    if (row.truth !== 'different' || row.expected !== 'match') continue
    t.ok(document.includes(`(row ${index + 1})`), `row ${index + 1}: ${row.kind}`)
  }
})
