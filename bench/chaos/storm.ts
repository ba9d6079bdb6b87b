/** Kills and sleeps, one after the other of each kind, while consumers work. */
import { setTimeout as wait } from 'node:timers/promises'

/** What happens again and again: after so many milliseconds, half to one and a half times. */
export type Lane = readonly [everyMs: number, act: () => Promise<unknown>]

/** Lets it happen until `isOver` says so, and then waits for what is under way. */
export async function storm(lanes: readonly Lane[], isOver: () => Promise<boolean>): Promise<void> {
  const end = new AbortController()
  const running = lanes.map(async ([everyMs, act]) => {
    for (;;) {
      const ms = everyMs * (0.5 + Math.random())
      await wait(ms, undefined, { signal: end.signal }).catch(() => {})
      if (end.signal.aborted) return
      await act()
    }
  })
  const watch = async () => {
    while (!(await isOver())) {
      await wait(500)
    }
    end.abort()
  }
  await Promise.all([watch(), ...running])
}

/** Asks again until the database answers, which is killed now and then. */
export async function persistently<T>(ask: () => Promise<T>, secondsMax = 60): Promise<T> {
  for (const end = Date.now() + secondsMax * 1000; ; ) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > end) throw error
      await wait(200)
    }
  }
}
