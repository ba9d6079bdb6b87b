/**
 * The near side of the thread that does the background work (worker.ts). Merging two cases is more
 * work than finding nobody: in the thread that answers referrers, whoever asks without pause would
 * feel which of them it was.
 *
 * Nothing is owed to the thread: what it has not committed is still there to be done. So one that
 * dies is started again, and no referrer need notice.
 */
import { Worker } from 'node:worker_threads'
import type { DatabaseOptions } from '../database/connect.ts'
import { ErrorElsewhere } from '../log.ts'
import type { MailServer } from './mail.ts'
import type { Tell, Told } from './report.ts'
import type { WebhookPlace } from './work.ts'

/** What the thread works on and with: it connects to the database by itself, and reads its files. */
export type Place = Pick<DatabaseOptions, 'url' | 'prepare'> & {
  readonly log: {
    /** The deployment's name. */
    readonly origin: string
    readonly keyFiles: readonly string[]
    readonly checkpointFile: string
    readonly witnessFile: string | undefined
  }
  readonly webhooks: WebhookPlace
  /** The folder of sealed files. */
  readonly documents: string
  /** The list of erasures outside the database. */
  readonly erasuresFile: string
  /** Whether anybody sees figures of the queue, so that they are counted. */
  readonly isWatched: boolean
  /** Who is told of immediate items that nobody holds, if anybody. */
  readonly duty: Duty | undefined
}

type Duty = {
  readonly smtp: MailServer
  readonly from: string
  readonly first: readonly string[]
  readonly later: readonly string[]
}

/** What the thread is told. */
export type Order = 'wake' | 'stop'

/** A report, with its error as it may be logged. */
export type Word = Omit<Told, 'error'> & { readonly shown?: ErrorElsewhere['shown'] }

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
export function startBackground({ tell, ...place }: Place & { tell: Tell }): Background {
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
    worker.on('message', ({ shown, ...told }: Word) => {
      tell({ ...told, ...(shown && { error: new ErrorElsewhere(shown) }) })
    })
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
    tell({ kind: 'ended', error: cause })
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
