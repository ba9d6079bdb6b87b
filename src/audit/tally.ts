/**
 * Refusals and repetitions by the minute. The first of a known caller are entries of their own; past a
 * limit, and for callers nobody knows, they are counted, and the minute gets one entry with the sum.
 * Without this anybody could fill the log by asking badly, or the same again and again. Pure: the
 * caller supplies the time.
 */

export type Sum<Key> = { readonly key: Key; readonly count: number; readonly minute: Date }

export type Tally<Key> = {
  /** Counts one; `true` when it is past `alone` in its minute and only the sum will tell of it. */
  count(key: Key, alone: number, now: Date): boolean
  /** How many are summed apart, until they are taken. */
  size(): number
  /** Takes the sums of all minutes that ended before `now`, or of all, when `now` is left out. */
  take(now?: Date): Sum<Key>[]
  /** Takes back sums that could not be written: the next `take` has them again. */
  giveBack(sums: readonly Sum<Key>[]): void
}

const minuteMs = 60_000

/**
 * `nameOf` says which keys are summed together, and `holderOf` which share the number that stand
 * alone.
 */
export function createTally<Key>(
  nameOf: (key: Key) => string,
  holderOf: (key: Key) => string,
): Tally<Key> {
  const seen = new Map<string, { minute: number; count: number }>()
  const sums = new Map<string, { key: Key; minute: number; count: number }>()

  function add(key: Key, minute: number, count: number): void {
    const name = `${minute} ${nameOf(key)}`
    const sum = sums.get(name) ?? { key, minute, count: 0 }
    sum.count += count
    sums.set(name, sum)
  }

  return {
    count(key, alone, now) {
      const minute = Math.floor(now.getTime() / minuteMs)
      const holder = `${minute} ${holderOf(key)}`
      const count = (seen.get(holder)?.count ?? 0) + 1
      seen.set(holder, { minute, count })
      if (count <= alone) return false
      add(key, minute, 1)
      return true
    },

    size: () => sums.size,

    take(now) {
      const current = now ? Math.floor(now.getTime() / minuteMs) : Number.POSITIVE_INFINITY
      for (const [holder, { minute }] of seen) if (minute < current) seen.delete(holder)
      const over = [...sums].filter(([, { minute }]) => minute < current)
      for (const [name] of over) sums.delete(name)
      return over.map(([, { key, count, minute }]) => {
        return { key, count, minute: new Date(minute * minuteMs) }
      })
    },

    giveBack(taken) {
      for (const { key, count, minute } of taken) add(key, minute.getTime() / minuteMs, count)
    },
  }
}
