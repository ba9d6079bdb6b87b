import { draw } from './terminal.ts'

/** Characters of the bar. */
const cells = 30

/** A bar on standard error, where that is a terminal; otherwise nothing at all. */
export function createProgress(total: number) {
  let done = 0
  return {
    step(): void {
      done += 1
      draw(`${barOf(done / total)} ${done} of ${total}`, done === total)
    },
  }
}

/** The same of bytes: told how many are done, of how many. */
export function createByteProgress(name: string): (done: number, bytes: number) => void {
  let isOver = false
  return (done, bytes) => {
    if (isOver) return
    isOver = done === bytes
    const [now, all] = [done, bytes].map((count) => (count / 1e6).toFixed(1))
    draw(`${barOf(done / bytes)} ${name}: ${now} of ${all} MB`, isOver)
  }
}

function barOf(part: number): string {
  return `[${'#'.repeat(Math.round(part * cells)).padEnd(cells)}]`
}
