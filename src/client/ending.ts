/** Completions that come at about the same time go in one request. */
import type { Claiming, Lease, Outcome } from './claiming.ts'
import { passes, pause } from './pacing.ts'
import type { Ended } from './schemas.ts'

type Asked = {
  readonly completion: Lease & Outcome
  resolve(ended: Ended): void
  reject(error: unknown): void
}

/** As many as the service takes at once. */
const completionsMax = 50

/**
 * @returns `end`, which resolves with what became of one claim, and rejects where no answer came or the request
 *   was refused. One request is under way at a time, and the next takes what came meanwhile.
 */
export function createEnding(completeSeveral: Claiming['completeSeveral']) {
  const waiting: Asked[] = []
  let isSending = false

  async function sendAll(): Promise<void> {
    isSending = true
    // What ends in the same turn goes together.
    await pause(0)
    while (waiting.length > 0) await send(waiting.splice(0, completionsMax))
    isSending = false
  }

  async function send(asked: readonly Asked[]): Promise<void> {
    try {
      const ended = await completeSeveral(asked.map(({ completion }) => completion))
      for (const [index, { resolve, reject }] of asked.entries()) {
        const one = ended[index]
        if (one) resolve(one)
        else reject(new Error('as many are returned as were asked'))
      }
    } catch (error) {
      // One that is not even in the form refuses all: each by itself, it refuses no other.
      const [first, ...others] = asked
      if (others.length === 0 || passes(error)) for (const { reject } of asked) reject(error)
      else for (const one of [first, ...others]) if (one) await send([one])
    }
  }

  return {
    end(completion: Lease & Outcome): Promise<Ended> {
      return new Promise((resolve, reject) => {
        waiting.push({ completion, resolve, reject })
        if (!isSending) void sendAll()
      })
    },
  }
}
