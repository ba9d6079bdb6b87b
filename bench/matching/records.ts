/** From a table to people, as a client would have entered them. */
import { parse } from 'csv-parse/sync'
import type { Person } from '../../src/protocol/matching/matchkeys.ts'
import { identifierKey } from '../../src/referral/identifiers.ts'

/** Which column holds what; `truth` says whom a record is about. */
export type Columns = {
  readonly truth: string
  readonly given?: string
  readonly family?: string
  readonly birth?: string
  readonly year?: string
  readonly month?: string
  readonly day?: string
  readonly reference?: string
  readonly phone?: string
  readonly group?: string
}

/** One record, and whom it is about: equal for records of one person. */
export type TrueRecord = {
  readonly truth: string
  readonly person: Person
  /** Of FEBRL's records whether it is a spoilt copy; of others nothing. */
  readonly isCopy?: boolean
  /** What the person belongs to, where figures are wanted by it. */
  readonly group?: string
}

/** The cell of a row that a flag names; empty where the flag was not given. */
type Cell = (name: keyof Columns) => string

/**
 * Reads comma-separated text with a header. Cells are trimmed, empty lines left out, and what is
 * missing at the end of a row is empty.
 *
 * @throws Error where a column is not there, or a row does not say whom it is about
 */
export function readRecords(text: string, named: Columns): TrueRecord[] {
  const [columns = [], ...rows] = cellsOf(text)
  const places = new Map(
    Object.entries(named).map(([flag, column]) => {
      const place = columns.indexOf(column)
      if (place >= 0) return [flag, place]
      throw new Error(
        `--${flag} ${column}: there is no such column. There are: ${columns.join(', ')}`,
      )
    }),
  )
  return rows.flatMap((cells, index) => {
    if (cells.every((cell) => cell === '')) return []
    if (cells.length > columns.length)
      throw new Error(`row ${index + 2} has more cells than the header`)
    const cell: Cell = (name) => cells[places.get(name) ?? -1] ?? ''
    if (cell('truth') === '') throw new Error(`row ${index + 2} has nothing in “${named.truth}”`)
    const group = named.group === undefined ? {} : { group: cell('group') }
    return [{ ...personIn(cell('truth')), ...group, person: personFrom(cell) }]
  })
}

function cellsOf(text: string): string[][] {
  const options = { bom: true, trim: true, relax_column_count: true, relax_quotes: true }
  return parse(text, options)
}

/** FEBRL names its records `rec-N-org` and `rec-N-dup-k`: those of one N are one person. */
function personIn(truth: string): Pick<TrueRecord, 'truth' | 'isCopy'> {
  const [, person, kind] = /^rec-([0-9]+)-(org|dup-[0-9]+)$/.exec(truth) ?? []
  return person === undefined ? { truth } : { truth: person, isCopy: kind !== 'org' }
}

function personFrom(cell: Cell): Person {
  const [givenNames, familyName] = [cell('given'), cell('family')]
  const [value, phone] = [cell('reference'), cell('phone')]
  const dateOfBirth = birthFrom(cell)
  const type = identifierKey('uan', value) === undefined ? 'port_reference' : 'uan'
  return {
    ...(givenNames !== '' && { givenNames }),
    ...(familyName !== '' && { familyName }),
    ...(dateOfBirth && { dateOfBirth }),
    ...(value !== '' && { identifiers: [{ type, value }] }),
    ...(phone !== '' && { phones: [phone] }),
  }
}

/**
 * The date where it is one of the calendar, else the year, as somebody would answer whom a form
 * tells that there is no thirteenth month. Years are those that the form takes: 1900 to 2100.
 */
function birthFrom(cell: Cell): Person['dateOfBirth'] {
  const whole = [cell('birth'), cell('year')].flatMap((text) => {
    const parts = /^([0-9]{4})-?([0-9]{2})-?([0-9]{2})$/.exec(text)
    return parts ? [parts.slice(1)] : []
  })
  const parts = whole[0] ?? [cell('year') || cell('birth'), cell('month'), cell('day')]
  const [year = '', month = '', day = ''] = parts
  if (!/^(19[0-9]{2}|20[0-9]{2}|2100)$/.test(year)) return undefined
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return isDay(date) ? { date } : { year: Number(year) }
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
}
