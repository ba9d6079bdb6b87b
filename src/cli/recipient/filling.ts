/** Blocks of lines on one screen: each short, and whole where there is room. Pure. */
import { cut } from '../../referral/shown.ts'
import { fitted } from '../command.ts'

/** Of the 24 of a terminal the shell asks for the next command in one. */
export const screenLines = 23

export const screenColumns = 80

export type Block = {
  readonly short: readonly string[]
  /** Where that is more. */
  readonly whole?: readonly string[]
}

/**
 * As many blocks as there is room for, in their order, and as many of them whole as there is room for then.
 *
 * @returns lines of at most 80 columns, and how many blocks are missing or short
 */
export function filled(
  blocks: readonly Block[],
  linesMax: number,
): { readonly lines: string[]; readonly left: number } {
  const each: (readonly string[])[] = []
  let room = linesMax
  for (const { short } of blocks) {
    const lines = short.map((line) => cut(line, screenColumns))
    if (lines.length > room) break
    room -= lines.length
    each.push(lines)
  }
  let left = blocks.length - each.length
  for (const [at, lines] of each.entries()) {
    const { short, whole = short } = blocks[at] ?? { short: [] }
    const fitting = fitted(whole.join('\n')).split('\n')
    const more = whole.length > 0 ? fitting.length - lines.length : 0
    const isCut = fitting.some((line) => cut(line, screenColumns) !== line)
    if (more <= room && !isCut) {
      each[at] = whole.length > 0 ? fitting : []
      room -= more
    } else left += 1
  }
  return { lines: each.flat(), left }
}

/** The same whole, however long. */
export function wholeOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap(({ short, whole = short }) =>
    whole.length > 0 ? [fitted(whole.join('\n'))] : [],
  )
}
