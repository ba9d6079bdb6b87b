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

/** The same of bytes: told how many are done, of how many. */
export function createByteProgress(name: string): (done: number, bytes: number) => void {
  const { stderr } = process
  let isOver = false
  return (done, bytes) => {
    if (!stderr.isTTY || isOver) return
    isOver = done === bytes
    const bar = '#'.repeat(Math.round((done / bytes) * cells)).padEnd(cells)
    const [now, all] = [done, bytes].map((count) => (count / 1e6).toFixed(1))
    stderr.write(`\r[${bar}] ${name}: ${now} of ${all} MB${isOver ? '\n' : ''}`)
  }
}
