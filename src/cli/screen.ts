/** A terminal that is drawn upon in place, and left as it was found. */
import { guarded } from '../referral/shown.ts'

/** What it needs of standard output. */
type Output = { readonly rows?: number; write(text: string): unknown }

const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'

/** Takes the other screen of the terminal, without a cursor. `close` gives back the first, as it was. */
export function openScreen(output: Output) {
  let isOpen = true
  output.write(enter)
  const close = () => {
    if (isOpen) output.write(leave)
    isOpen = false
    process.off('exit', close)
  }
  // However the process ends by itself.
  process.on('exit', close)
  return {
    /** How many lines there are. */
    rows: () => output.rows ?? 24,
    draw(lines: readonly string[]): void {
      const each = lines.map((line) => `${guarded(line)}\u001b[K`)
      if (isOpen) output.write(`\u001b[H${each.join('\n')}\u001b[J`)
    },
    close,
  }
}
