/** A consumer's side of the crew: it hears when to sleep and when to end. */
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

let [isTold, isOver] = [false, false]
process.on('message', (message) => {
  if (message === 'sleep') {
    isTold = true
    // Who gets nothing to hold sleeps all the same: the crew waits for it.
    setTimeout(() => void sleepIfTold(), 3_000).unref()
  }
  if (message === 'end') isOver = true
})

// It works for nobody when the crew is gone.
process.once('disconnect', () => process.exit(1))

export function isEnding(): boolean {
  return isOver
}

/** Comes back when the crew ends. */
export async function untilEnding(): Promise<void> {
  while (!isOver) await once(process, 'message')
}

/** Stops this process where it stands, if it was told to, until the crew lets it go on. */
export async function sleepIfTold(): Promise<void> {
  if (!isTold) return
  isTold = false
  await new Promise((sent) => process.send?.('asleep', undefined, undefined, sent))
  process.kill(process.pid, 'SIGSTOP')
}

/**
 * Works on what is held. What somebody held before takes long in one of two cases, so that who comes late meets a
 * holder, and not only a completion.
 */
export async function work(isHeldAgain: boolean, againMs: number): Promise<void> {
  if (isHeldAgain && Math.random() < 0.5) await wait(againMs * (0.5 + Math.random()))
}
