/**
 * Refusals by the minute. The first of a known caller are entries of their own; past a limit, and
 * for callers nobody knows, they are counted, and the minute gets one entry with the sum. Without
 * this anybody could fill the log by asking badly. Pure: the caller supplies the time.
 */

export type Sum<Key> = { readonly key: Key; readonly count: number; readonly minute: Date }

export type Tally<Key> = {
  /** Counts one; `true` when it is past `alone` in its minute and only the sum will tell of it. */
  count(key: Key, alone: number, now: Date): boolean
  /** Takes the sums of all minutes that ended before `now`, or of all, when `now` is left out. */
  take(now?: Date): Sum<Key>[]
}

const minuteMs = 60_000

/** `nameOf` says which keys are the same key. */
export function createTally<Key>(nameOf: (key: Key) => string): Tally<Key> {
  type Count = { key: Key; minute: number; seen: number; summed: number }
  const counts = new Map<string, Count>()

  return {
    count(key, alone, now) {
      const minute = Math.floor(now.getTime() / minuteMs)
      const name = `${minute} ${nameOf(key)}`
      const count = counts.get(name) ?? { key, minute, seen: 0, summed: 0 }
      counts.set(name, count)
      count.seen += 1
      if (count.seen <= alone) return false
      count.summed += 1
      return true
    },

    take(now) {
      const current = now ? Math.floor(now.getTime() / minuteMs) : Number.POSITIVE_INFINITY
      const sums: Sum<Key>[] = []
      for (const [name, { key, minute, summed }] of counts) {
        if (minute >= current) continue
        counts.delete(name)
        if (summed > 0) sums.push({ key, count: summed, minute: new Date(minute * minuteMs) })
      }
      return sums
    },
  }
}
