/** What several referrals say of the same: what agrees, what contradicts, and how much more there is. */
import { type Opened, shown } from '../../client/index.ts'
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import { answersOf, wordsOfAnswer } from './answers.ts'
import { cell } from './wording.ts'

/** The answers to one question, in the order of the referrals; `undefined` where one says nothing. */
export type Row = {
  readonly compartment: CompartmentName
  readonly key: string
  readonly name: string
  readonly values: readonly (readonly string[] | undefined)[]
}

/** What a referral says, as far as it opened. */
export type Said = Pick<Opened, 'compartments'>

/** Of these each answer is shown; of the others how many agree. */
const shownOf: readonly CompartmentName[] = ['identity', 'contact']
const rowsMax = 14

/**
 * Lines of at most 80 columns: what is said of the person, side by side, what contradicts first, and a line on all else.
 *
 * @param names - of each referral, such as its reference
 * @param linesMax - at most so many, from 1
 */
export function comparisonOf(
  opened: readonly Said[],
  names: readonly string[],
  linesMax = Number.POSITIVE_INFINITY,
): string[] {
  const rows = rowsOf(opened)
  const person = rows.filter(({ compartment }) => shownOf.includes(compartment))
  const [differing, agreeing] = [person.filter(contradicts), person.filter(agrees)]
  const listed = new Map<Row, readonly string[]>()
  // The names above them, and the line on all else.
  let room = linesMax - 2
  for (const row of [...differing, ...agreeing].slice(0, rowsMax)) {
    const lines = sideBySide(row, names, linesMax < Number.POSITIVE_INFINITY)
    if (lines.length > room) continue
    room -= lines.length
    listed.set(row, lines)
  }
  const rest = rows.filter((row) => !listed.has(row))
  return [
    ...(listed.size > 0 ? [namesAbove(names)] : []),
    ...[...listed.values()].flat(),
    `The rest: ${counted(rest.filter(agrees).length, 'agrees', 'agree')}, ${counted(
      rest.filter(contradicts).length,
      'contradicts',
      'contradict',
    )}, ${rest.filter(isOnOneSide).length} on one side only.`,
  ]
}

const nameColumns = 24

function columnsOf({ length }: readonly unknown[]): number {
  return Math.floor((80 - nameColumns) / Math.max(length, 1))
}

/** Each in its column, behind what stands in the column of the questions. */
export function namesAbove(names: readonly string[], before = ''): string {
  const cells = names.map((name) => cell(shown(name), columnsOf(names)))
  return `${cell(before, nameColumns)}${cells.join('')}`.trimEnd()
}

/**
 * In columns where all fits and reads from left to right, else each on a line of its own.
 *
 * @param isCut - what does not fit is cut, as long as it can still be told apart
 */
export function sideBySide(row: Row, names: readonly string[], isCut = false): string[] {
  const mark = contradicts(row) ? '≠ ' : isSame(row) ? '= ' : '≈ '
  const values = row.values.map((value) => (value ? shown(inOneLine(value)) : '-'))
  const columns = columnsOf(names)
  const short = isCut ? values.map((value) => cell(value, columns - 1).trimEnd()) : values
  const fits = short.every((value) => value.length < columns && !unlikeLatin.test(value))
  if (fits && new Set(short).size === new Set(values).size) {
    const cells = short.map((value) => cell(value, columns))
    return [`${cell(mark + shown(row.name), nameColumns - 1)} ${cells.join('')}`.trimEnd()]
  }
  const lines = values.map((value, index) => {
    return `    ${cell(shown(names[index] ?? ''), 10)}${cell(value, unlikeLatin.test(value) ? 32 : 64).trimEnd()}`
  })
  return [cell(mark + shown(row.name), 79).trimEnd(), ...lines]
}

/** What is written from right to left, which turns a whole line around, and what may be two columns wide. */
const unlikeLatin =
  /[\u0590-\u08ff\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufdff\ufe30-\uff60\u{10000}-\u{10ffff}]/u

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}

/** All that say something have something in common: of one answer that is the answer. */
function agrees(row: Row): boolean {
  const [first = [], ...others] = saidIn(row)
  return others.length > 0 && first.some((each) => others.every((said) => said.includes(each)))
}

export function contradicts(row: Row): boolean {
  return saidIn(row).length > 1 && !agrees(row)
}

/** All that say something say the same. A list is one answer, in whatever order. */
export function isSame(row: Row): boolean {
  return new Set(saidIn(row).map((said) => said.toSorted().join('\n'))).size === 1
}

function saidIn({ values }: Row): string[][] {
  return values.flatMap((value) => (value ? [value.map(folded)] : []))
}

export function isOnOneSide({ values }: Row): boolean {
  return values.filter((value) => value !== undefined).length === 1
}

function folded(value: string): string {
  return value.normalize('NFKC').toLowerCase().trim()
}

function inOneLine(values: readonly string[]): string {
  return wordsOfAnswer({ values: values.toSorted() })
}

/** Each question that any of them answers. */
export function rowsOf(opened: readonly Said[]): Row[] {
  const said = opened.map(({ compartments }) => {
    const found = new Map<string, Row>()
    for (const compartment of compartmentNames) {
      for (const { key, label: name, values } of answersOf(
        compartment,
        compartments[compartment],
      )) {
        found.set(`${compartment} ${name}`, { compartment, key, name, values: [values] })
      }
    }
    return found
  })
  const rows = new Map(said.flatMap((found) => [...found]))
  return [...rows].map(([key, row]) => {
    return { ...row, values: said.map((found) => found.get(key)?.values[0]) }
  })
}
