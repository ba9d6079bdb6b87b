/**
 * The near side of the thread that does the background work (worker.ts). Joining two cases is more
 * work than finding nobody: in the thread that answers referrers, whoever asks without pause would
 * feel which of them it was.
 *
 * Nothing is owed to the thread: what it has not committed is still there to be done. So one that
 * dies is started again, and no referrer need notice.
 */
import { Worker } from 'node:worker_threads'
import type { DatabaseOptions } from '../database/connect.ts'
import { ErrorElsewhere } from '../log.ts'
import type { Notes } from './notes.ts'

/** The database that the thread connects to by itself, with one connection. */
export type Place = Pick<DatabaseOptions, 'url' | 'prepare'>

/** What the thread is told. */
export type Order = 'wake' | 'stop'

/** What an error comes to that was made loggable in the thread. */
type Shown = ErrorElsewhere['shown']

/** What it says: of a referral that was paired only that a crowd shares a value of it. */
export type Word =
  | { readonly said: 'failed'; readonly step: string; readonly error: Shown }
  | { readonly said: 'unpaired'; readonly error: Shown }
  | { readonly said: 'crowded' }
  | { readonly said: 'away'; readonly error: Shown }
  | { readonly said: 'turned' }

export type Background = {
  /** There may be work. Does nothing while the thread is away: it looks by itself when it starts. */
  wake(): void
  /** Lets the running batch end, and then the thread. */
  stop(): Promise<void>
}

/** One that cannot start is not started so often that it takes the processor from referrers. */
const pauseMs = 3_000

/** A thread that does not end by then is ended: a database that does not answer may hold it for long. */
const stopMsMax = 10_000

/** Starts it. Does not wait for it: referrals are taken without. */
export function startBackground({ notes, ...place }: Place & { notes: Notes }): Background {
  let worker: Worker | undefined
  let pause: NodeJS.Timeout | undefined
  let stopping = false

  function start(): void {
    let cause: unknown
    try {
      worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: place })
    } catch (error) {
      // The machine may have no thread to give.
      startAgain(error)
      return
    }
    worker.on('message', (word: Word) => tell(word, notes))
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      worker = undefined
      startAgain(cause)
    })
  }

  function startAgain(cause: unknown): void {
    if (stopping) return
    notes.onEnded(cause)
    pause = setTimeout(start, pauseMs)
  }

  function order(order: Order): void {
    worker?.postMessage(order)
  }

  start()
  return {
    wake: () => order('wake'),
    async stop() {
      stopping = true
      clearTimeout(pause)
      const ended = new Promise((resolve) => (worker ? worker.once('exit', resolve) : resolve(0)))
      order('stop')
      const cut = setTimeout(() => worker?.terminate(), stopMsMax)
      await ended
      clearTimeout(cut)
    },
  }
}

function tell(word: Word, { onFailed, onTurn, onAway, pairing }: Notes): void {
  if (word.said === 'turned') onTurn()
  else if (word.said === 'crowded') pairing.onCrowded()
  else if (word.said === 'away') onAway(new ErrorElsewhere(word.error))
  else if (word.said === 'unpaired') pairing.onError(new ErrorElsewhere(word.error))
  else onFailed(word.step, new ErrorElsewhere(word.error))
}
