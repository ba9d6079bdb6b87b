/** Characters of the bar. */
const cells = 30

/** A bar on standard error, where that is a terminal; otherwise nothing at all. */
export function createProgress(total: number) {
  const { stderr } = process
  let done = 0
  return {
    step(): void {
      done += 1
      if (!stderr.isTTY) return
      const filled = Math.round((done / total) * cells)
      const bar = '#'.repeat(filled).padEnd(cells)
      stderr.write(`\r[${bar}] ${done} of ${total}${done === total ? '\n' : ''}`)
    },
  }
}
