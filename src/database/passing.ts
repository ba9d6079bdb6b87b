/**
 * How a step passes over for a while what it failed at, so that nothing behind it waits. Whoever runs the step is told of each
 * failure. What is passed over is of this process: another replica, and one that starts, tries it at once.
 */
import { isAway } from './lost.ts'

/** So long it is not tried again. */
const restMs = 30_000

/** One batch of a step. @param trying - is told by whose id it goes, once that is known */
type Batch = (passed: string[], trying: (id: string) => void) => Promise<boolean>

/** Makes a step's `run` of a batch that leaves out the ids in `passed`. */
export function passingOver(batch: Batch): () => Promise<boolean> {
  const until = new Map<string, number>()

  function passed(): string[] {
    const now = performance.now()
    for (const [id, at] of until) if (at <= now) until.delete(id)
    return [...until.keys()]
  }

  return async () => {
    let tried: string | undefined
    try {
      return await batch(passed(), (id) => {
        tried = id
      })
    } catch (error) {
      // Where the database is away nothing is at fault, and all of it waits.
      if (tried !== undefined && !isAway(error)) until.set(tried, performance.now() + restMs)
      throw error
    }
  }
}
