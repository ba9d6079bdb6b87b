/**
 * What somebody else wrote, made safe to show. Each part is escaped by itself, before it is put
 * into a line and before lines are joined: afterwards nobody could tell the program's line breaks
 * from those of a stranger, who would so write a line of the program's.
 */
import { hiddenRanges } from './hidden.ts'

const hidden = new RegExp(`[${hiddenRanges}]`, 'gu')
const hiddenInLines = new RegExp(`(?!\\n)[${hiddenRanges}]`, 'gu')

/**
 * A value as part of one line: a string as it is, all else as JSON. What could end the line, move the
 * cursor or turn text around is spelt `\u{…}`.
 */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.replace(hidden, (character) => `\\u{${codeOf(character)}}`)
}

/**
 * A text of several lines, each shown as `shown` does and behind a mark that says whose it is. Long ones
 * are folded to 74 columns, mark included: a terminal that folded them itself would leave out the mark,
 * and what stood there would look like a line of the program's.
 */
export function quoted(text: string): string[] {
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .flatMap((line) => folded(shown(line), quotedColumns))
    .map((line) => `| ${line}`)
}

const quotedColumns = 72

/**
 * One line, already escaped, as lines of at most so many columns. Breaks behind the last space that fits, else where
 * the columns end. Leaves nothing out.
 */
export function folded(line: string, columns: number): string[] {
  const lines: string[] = []
  let [begun, taken] = ['', 0]
  for (const character of line) {
    const wide = columnsOf(character)
    if (taken + wide > columns) {
      const end = begun.lastIndexOf(' ') + 1 || begun.length
      lines.push(begun.slice(0, end))
      begun = begun.slice(end)
      taken = columnsOf(begun)
    }
    begun += character
    taken += wide
  }
  return [...lines, begun]
}

/** As much of one line, already escaped, as so many columns hold, with `…` for the rest of it. */
export function cut(line: string, columns: number): string {
  let [kept, taken] = ['', 0]
  for (const character of line) {
    if (taken + columnsOf(character) > columns) {
      const end = columns - columnsOf('…')
      while (columnsOf(kept) > end) kept = [...kept].slice(0, -1).join('')
      return `${kept.trimEnd()}…`
    }
    kept += character
    taken += columnsOf(character)
  }
  return kept
}

// From Hangul on many are two columns wide. To take all for wide folds early, never late.
function columnsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character >= '\u1100' ? 2 : 1), 0)
}

/**
 * A value as JSON, with the same characters spelt `\uXXXX`: a parser reads the very value, and a
 * terminal shows nothing that is not there.
 */
export function jsonText(value: unknown, indent = 0): string {
  return (JSON.stringify(value, null, indent) ?? 'null').replace(hiddenInLines, escapedUnits)
}

/** Whole lines of the program itself: a last guard, for a part that was not escaped. */
export function guarded(lines: string): string {
  return lines.replace(hiddenInLines, (character) => `\\u{${codeOf(character)}}`)
}

/**
 * A value as a cell of a table (RFC 4180, section 2). A spreadsheet would work out what begins as a formula
 * does, and not show it: that stands behind a `'`.
 */
export function cellOf(value: string): string {
  const disarmed = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16)
}

function escapedUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
