/** People in files: one in a JSON document, or one in each row of a table. */
import { parse } from 'csv-parse/sync'
import { checkDraft, type Problem } from '../../client/index.ts'
import { type Person, personOf } from '../../protocol/matching/matchkeys.ts'
import { PersonForm } from '../../protocol/matching/person.ts'
import { checkReferral } from '../../referral/check.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { parseJson } from '../json.ts'

/** One person of a file; or what is wrong with what stands there. */
export type Found = {
  /** Of a table, as spreadsheets count: the header is row 1. */
  readonly row?: number
  readonly problems: readonly Problem[]
  readonly person?: Person
}

/** The columns that a table may have, in any order. */
export const columns = ['given', 'family', 'other', 'birth', 'year', 'phone', 'reference', 'type']

/**
 * The people in the bytes of a file. What begins with a brace is JSON, all else a table.
 *
 * @throws Error that names the file and quotes nothing of it
 */
export function peopleIn(bytes: Uint8Array, file: string): Found[] {
  const isJson = /^\uFEFF?\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 1024)))
  return isJson ? [personIn(parseJson(bytes, file))] : peopleInTable(bytes, file)
}

function personIn(value: object): Found {
  if ('referral' in value) {
    const checked = checkDraft(value)
    const { problems } = checked
    return checked.refusal ? { problems } : { problems, person: personOf(checked.referral) }
  }
  if ('identity' in value) {
    const { refusal, problems } = checkReferral(value)
    return refusal ? { problems } : { problems, person: personOf({ contact: {}, ...value }) }
  }
  return checked(value)
}

function checked(value: object): Found {
  const problems = schemaProblems(PersonForm, value)
  return problems.length > 0 ? { problems } : { problems, person: value }
}

function peopleInTable(bytes: Uint8Array, file: string): Found[] {
  const [header = [], ...rows] = cellsOf(bytes, file)
  for (const [index, name] of header.entries()) {
    // Not quoted: in a table without a header it would be somebody's name.
    if (!columns.includes(name))
      throw new Error(
        `${file}: column ${index + 1} of the header is not one of ${columns.join(', ')}`,
      )
  }
  return rows.flatMap((cells, index) => {
    if (cells.every((cell) => cell === '')) return []
    const row = index + 2
    if (cells.length <= header.length) return [{ row, ...checked(personOfRow(header, cells)) }]
    return [{ row, problems: [{ pointer: '', detail: 'has more cells than the header.' }] }]
  })
}

function cellsOf(bytes: Uint8Array, file: string): string[][] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return parse(text, { bom: true, trim: true, relax_column_count: true })
  } catch (error) {
    // The parser's own message quotes what it stumbled over, which may be a name.
    const { lines } = error as { lines?: unknown }
    const place = typeof lines === 'number' ? `, line ${lines}` : ''
    throw new Error(`${file}${place} is neither JSON nor comma-separated text, in UTF-8`)
  }
}

function personOfRow(header: readonly string[], cells: readonly string[]): object {
  const all = (name: string) => cells.filter((cell, index) => header[index] === name && cell !== '')
  const [given, family, date, year] = ['given', 'family', 'birth', 'year'].map(
    (name) => all(name)[0],
  )
  const identifiers = referencesOf(header, cells)
  return {
    ...(given && { givenNames: given }),
    ...(family && { familyName: family }),
    otherNames: all('other'),
    ...((date || year) && {
      dateOfBirth: { ...(date && { date }), ...(year && { year: Number(year) }) },
    }),
    identifiers,
    phones: all('phone'),
  }
}

/** Each reference with the type that stands in the next column of types behind it. */
function referencesOf(header: readonly string[], cells: readonly string[]) {
  return cells.flatMap((value, index) => {
    if (header[index] !== 'reference' || value === '') return []
    const isNext = header[index + 1] === 'type'
    return [{ type: (isNext && cells[index + 1]) || 'port_reference', value }]
  })
}
