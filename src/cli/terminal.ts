/** The one place from which the command line writes, so that nothing unescaped is ever written. */
import { guarded } from '../referral/shown.ts'
import { fitted } from './command.ts'

/** What stands in the last line of a terminal, to be drawn over, or nothing. */
let drawn = ''

/** Draws over the last line of standard error, where that is a terminal. @param isOver - whether it stays */
export function draw(line: string, isOver: boolean): void {
  const { stderr } = process
  // What looks the same is not drawn again: a file comes in thousands of parts.
  if (!stderr.isTTY || (line === drawn && !isOver)) return
  stderr.write(`\r${guarded(line).padEnd(drawn.length)}${isOver ? '\n' : ''}`)
  drawn = isOver ? '' : line
}

/** Lines begin where no bar stands. */
function endDrawing(): void {
  if (drawn !== '') process.stderr.write('\n')
  drawn = ''
}

/** Writes lines to standard output as they are. Parts that others wrote are escaped before: see `shown`. */
export function print(lines: string): void {
  endDrawing()
  process.stdout.write(`${guarded(lines)}\n`)
}

/** Writes lines to standard error, where people read them: each is broken to fit a terminal. */
export function tell(lines: string): void {
  tellWhole(fitted(lines))
}

/** Writes lines to standard error as they are, for a program to read. */
export function tellWhole(lines: string): void {
  endDrawing()
  process.stderr.write(`${guarded(lines)}\n`)
}
