import { randomInt } from 'node:crypto'
import type { Test } from 'tap'

/** The seed of one test: drawn anew for each run, and printed, so that `SEED` repeats it. */
export function seedOf(t: Pick<Test, 'comment'>): number {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31 - 1))
  t.comment(`SEED=${seed} repeats it`)
  return seed
}
