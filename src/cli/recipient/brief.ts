/**
 * What the referrals of one item say, in the lines that a screen has left. What they say alike is said once, what one of
 * them says alone bears its name, and what they say otherwise stands side by side. What a person needs first comes
 * first, and what has no room is counted. Pure.
 */
import type { CompartmentName } from '../../referral/compartment.ts'
import { cut, folded, shown } from '../../referral/shown.ts'
import { wordsOfAnswer } from './answers.ts'
import {
  contradicts,
  isOnOneSide,
  isSame,
  namesAbove,
  type Row,
  rowsOf,
  type Said,
  sideBySide,
} from './comparing.ts'
import { answerColumns, textsOf, titled } from './laying.ts'

/** A referral that opened. */
export type Side = Said & {
  /** Such as its reference. */
  readonly name: string
}

/** As many stand side by side on a screen. */
export const sidesMax = 6

/**
 * What a clinician or caseworker asks first: who it is, what endangers them, what is asked for, where they are, in which
 * language, until when, how to reach them. What stands in no list comes last, in the order in which it is asked.
 */
const neededFirst: readonly Key[] = [
  ...(['identity familyName', 'identity givenNames', 'identity dateOfBirth'] as const),
  ...(['detention places'] as const),
  ...(['clinical suicidalThoughts', 'clinical selfHarm', 'clinical foodRefusalSince'] as const),
  ...(['clinical fluidRefusalSince', 'clinical medicationStopped'] as const),
  ...(['clinical conditions', 'clinical pregnancy', 'clinical requested'] as const),
  ...(['narrative story', 'interpreting languages', 'legal removal', 'contact phone'] as const),
  ...(['contact extension', 'legal hearings', 'legal bail', 'detention acdt'] as const),
  ...(['detention segregation', 'clinical torture', 'clinical trafficking'] as const),
  ...(['clinical mentalHealth', 'interpreting safeToLeaveMessage'] as const),
  ...(['consent safeguardingNote'] as const),
]

/** Once it is said who it is, where and in what danger: in what short answers differ. */
const differingRank = neededFirst.indexOf('narrative story') - 0.5

/** Who it is stands above all else. */
const inReadingOrder: readonly CompartmentName[] = [
  ...(['identity', 'contact', 'detention', 'clinical', 'legal', 'interpreting'] as const),
  ...(['narrative', 'consent', 'referrer', 'documents'] as const),
]

/** What a person wrote at length, of which more is shown from the start if nobody else tells it. */
const told = 'narrative story'
const linesFirst = 2
const linesOfTold = 4

/** A text that takes several lines goes on behind a mark. */
const foldedColumns = answerColumns - 2
/** A question that no schema has is a stranger's word. */
const labelColumns = 40

/** Escaped, and without a line break. */
type Shown = { readonly label: string; readonly values: readonly string[] }

/** One question, and how it is shown. */
type Unit = {
  readonly row: Row
  /** In which place it was asked. */
  readonly index: number
  readonly rank: number
  /** Where it is said once, or of each referral by itself; nothing where it stands side by side. */
  readonly answers?: readonly Shown[]
  /** Some of it is shown nowhere. */
  readonly isPart: boolean
}

/**
 * @param sides - at most `sidesMax`
 * @returns lines of at most 80 columns, and how many questions are not answered in them, or not whole
 */
export function briefOf(
  sides: readonly Side[],
  linesMax: number,
): { readonly lines: string[]; readonly left: number } {
  const names = sides.map(({ name }) => name)
  const units = rowsOf(sides).map((row, index) => unitOf(row, index, names))
  // Of one rank they stay in the order in which they are asked.
  const ranked = units.toSorted((a, b) => a.rank - b.rank)
  const chosen = new Map<Unit, number>()
  const choose = (unit: Unit, lines: number) => {
    const before = chosen.get(unit)
    chosen.set(unit, lines)
    if (laid(chosen, names).length <= linesMax) return true
    if (before === undefined) chosen.delete(unit)
    else chosen.set(unit, before)
    return false
  }
  for (const unit of ranked) {
    const most = keyOf(unit.row) === told && sides.length === 1 ? linesOfTold : linesFirst
    for (let lines = most; lines > 0; lines -= 1) if (choose(unit, lines)) break
  }
  // Where lines are left, what was cut goes on.
  for (const [unit, first] of chosen) {
    for (let lines = first; isCut(unit, lines); lines += 1) {
      if (!choose(unit, lines + 1)) break
    }
  }
  const isWhole = (unit: Unit) => {
    const lines = chosen.get(unit)
    return lines !== undefined && !unit.isPart && !isCut(unit, lines)
  }
  return { lines: laid(chosen, names), left: units.filter((unit) => !isWhole(unit)).length }
}

/** A question in its compartment. */
type Key = `${CompartmentName} ${string}`

function keyOf({ compartment, key }: Row): Key {
  return `${compartment} ${key}`
}

function unitOf(asked: Row, index: number, names: readonly string[]): Unit {
  const row = asked.key === 'places' ? lastOf(asked) : withoutUnknown(asked)
  const isPart = asked.key === 'places' && row !== asked
  const common = { row, index, isPart, rank: rankOf(row) }
  const each = eachOf(row, names)
  const [first] = each
  const isAlone = names.length > 1 && isOnOneSide(row)
  if (first && isSame(row) && !isAlone) {
    return { ...common, answers: [{ ...first, label: cut(shown(row.name), labelColumns) }] }
  }
  if (isAlone || each.some(isProse)) return { ...common, answers: each }
  const isWider = sideBySide(row, names, true).some((line) => line.includes('…'))
  const isNeeded = neededFirst.includes(keyOf(row))
  const rank = isNeeded ? Math.min(common.rank, differingRank) : common.rank
  return { ...common, rank, isPart: isPart || isWider }
}

function rankOf(row: Row): number {
  // Who disagrees about who somebody is may be about two people.
  if (row.compartment === 'identity' && contradicts(row)) return 0
  const isUnknown = row.values.every((values) => values === undefined || isNotKnown(values))
  const listed = neededFirst.indexOf(keyOf(row))
  return listed < 0 || isUnknown ? neededFirst.length : listed
}

/** Each different answer, with the names of those that give it. */
function eachOf(row: Row, names: readonly string[]): Shown[] {
  const byWords = new Map<string, string[]>()
  for (const [at, values] of row.values.entries()) {
    if (!values) continue
    const words = inOneLine(values)
    byWords.set(words, [...(byWords.get(words) ?? []), names[at] ?? ''])
  }
  return [...byWords].map(([words, by]) => {
    const label = `${cut(shown(row.name), labelColumns)} (${cut(by.join(', '), labelColumns)})`
    return { label, values: [words] }
  })
}

/** Where the person is now. Stays are told from the earliest on. */
function lastOf(row: Row): Row {
  if (row.values.every((values) => (values?.length ?? 0) < 2)) return row
  return { ...row, values: row.values.map((values) => values?.slice(-1)) }
}

/** Who knows nothing contradicts nobody who knows. */
function withoutUnknown(row: Row): Row {
  const known = row.values.map((values) => (values && isNotKnown(values) ? undefined : values))
  return known.every((values) => values === undefined) ? row : { ...row, values: known }
}

function isNotKnown(values: readonly string[]): boolean {
  return values.join() === 'not known'
}

/** Longer than what a reader compares at a glance. */
function isProse({ values }: Shown): boolean {
  return wordsOfAnswer({ values }).length > answerColumns
}

/** What was chosen of each question, at most so many lines of an answer. */
function laid(chosen: ReadonlyMap<Unit, number>, names: readonly string[]): string[] {
  const inOrder = [...chosen].toSorted(([a], [b]) => a.index - b.index)
  const said = inReadingOrder.flatMap((name) => {
    const own = inOrder.filter(([{ row }]) => row.compartment === name)
    const answers = own.flatMap(([unit, lines]) => answersIn(unit, lines))
    return titled(name, textsOf(answers)).map((line) => `  ${line}`)
  })
  const beside = inOrder.flatMap(([{ row, answers }]) =>
    answers ? [] : sideBySide(row, names, true),
  )
  return beside.length > 0 ? [...said, namesAbove(names, 'Not the same in'), ...beside] : said
}

function answersIn({ answers = [] }: Unit, lines: number): readonly Shown[] {
  return answers.map((answer) => shortened(answer, lines))
}

function isCut({ answers = [] }: Unit, lines: number): boolean {
  return answers.some((answer) => shortened(answer, lines) !== answer)
}

/** An answer as it is if it has room in so many lines with its question, else what has. */
function shortened(answer: Shown, linesMax: number): Shown {
  const begin = `${answer.label}: `
  const lines = folded(begin + wordsOfAnswer(answer), foldedColumns)
  if (lines.length <= linesMax) return answer
  const last = cut(`${lines[linesMax - 1]}${' '.repeat(foldedColumns)}`, foldedColumns)
  const kept = [...lines.slice(0, linesMax - 1), last].join('')
  return { ...answer, values: [kept.slice(begin.length)] }
}

function inOneLine(values: readonly string[]): string {
  return shown(wordsOfAnswer({ values }).replaceAll(/\s+/g, ' '))
}
