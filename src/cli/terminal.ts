/** The one place from which the command line writes, so that nothing unescaped is ever written. */
import { guarded } from '../referral/shown.ts'

/** Writes lines to standard output. Parts that others wrote are escaped before: see `shown`. */
export function print(lines: string): void {
  process.stdout.write(`${guarded(lines)}\n`)
}

/** Writes lines to standard error, as `print`. */
export function tell(lines: string): void {
  process.stderr.write(`${guarded(lines)}\n`)
}
