/**
 * Requests that wait until there is something. One that waits has no connection to the database and no
 * transaction: it looks again every second or so, whichever replica wrote what it waits for.
 */
import { Refusal } from '../errors.ts'

/** Who waits for an answer: its connection, as far as that is of use here. */
type Listener = {
  readonly destroyed: boolean
  once(event: 'close', act: () => void): unknown
  off(event: 'close', act: () => void): unknown
}

export type Wait = {
  readonly clientId: string
  readonly seconds: number
  readonly listener: Listener
  /** Called before it waits: what waits is to stand in nobody's way. */
  leave(): void
}

/** How many requests of one client wait at once, on one replica. */
const waitsMax = 4

/** By chance between these, so that many who began together do not look together. */
const lookMsMin = 500
const lookMsMax = 1_000

export type Waiting = ReturnType<typeof createWaiting>

/** Those that wait on this replica. */
export function createWaiting() {
  const counts = new Map<string, number>()
  const wakes = new Set<() => void>()
  let isEnding = false

  function pause(ms: number, listener: Listener): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        wakes.delete(wake)
        listener.off('close', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      wakes.add(wake)
      listener.once('close', wake)
    })
  }

  return {
    /** Lets all of them look for the last time, and no other wait: the service ends. */
    end() {
      isEnding = true
      for (const wake of wakes) wake()
    },

    /**
     * Looks until there is something, for the time that the caller gives it.
     *
     * @param look - `undefined` for nothing; the last time it has to answer all the same
     * @throws Refusal `too-many-requests` if too many of the client wait, `request-incomplete` once it hung up
     */
    async until<Found>(
      { clientId, seconds, listener, leave }: Wait,
      look: (isLast: boolean) => Promise<Found | undefined>,
    ): Promise<Found | undefined> {
      const deadline = performance.now() + seconds * 1000
      const first = await look(seconds === 0 || isEnding)
      if (first !== undefined) return first
      const count = counts.get(clientId) ?? 0
      if (count >= waitsMax) {
        const detail = `${waitsMax} requests of this client wait already`
        throw new Refusal('too-many-requests', detail, { retryAfterSeconds: 1 })
      }
      counts.set(clientId, count + 1)
      leave()
      try {
        for (;;) {
          const left = deadline - performance.now()
          const lookMs = lookMsMin + Math.random() * (lookMsMax - lookMsMin)
          if (left > 0 && !isEnding) await pause(Math.min(left, lookMs), listener)
          if (listener.destroyed) throw new Refusal('request-incomplete', 'the client hung up')
          const isLast = isEnding || performance.now() >= deadline
          const found = await look(isLast)
          if (found !== undefined || isLast) return found
        }
      } finally {
        const others = (counts.get(clientId) ?? 1) - 1
        if (others > 0) counts.set(clientId, others)
        else counts.delete(clientId)
      }
    },
  }
}
