/** A terminal that is drawn upon in place, and left as it was found. */
import { guarded } from '../referral/shown.ts'

/** What it needs of standard output. */
type Output = {
  readonly rows?: number
  readonly columns?: number
  write(text: string): unknown
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'

/**
 * Takes the other screen of the terminal, without a cursor. `close` gives back the first, as it was.
 *
 * @param onResize - called when the terminal has another size, which garbles what was drawn
 */
export function openScreen(output: Output, onResize: () => void = () => {}) {
  let isOpen = true
  output.write(enter)
  const close = () => {
    if (isOpen) output.write(leave)
    isOpen = false
    process.off('exit', close)
    output.off?.('resize', onResize)
  }
  // However the process ends by itself.
  process.on('exit', close)
  output.on?.('resize', onResize)
  return {
    /** How many lines there are. */
    rows: () => output.rows ?? 24,
    draw(lines: readonly string[]): void {
      // What is wider would go on in the next line, and push the last ones out.
      const columns = output.columns ?? 80
      const each = lines.map((line) => `${guarded(line).slice(0, columns)}\u001b[K`)
      if (isOpen) output.write(`\u001b[H${each.join('\n')}\u001b[J`)
    },
    close,
  }
}
