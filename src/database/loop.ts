/**
 * The one loop of background work. Each replica runs it; a step of which only one may run at a
 * time elects itself for each batch by a lock that its transaction holds (`elect`), and the others, such
 * as retiring, may run on all replicas at once. So any replica may do any batch, and one that dies leaves
 * the batch to the next. Nothing is owed to the loop for being right: what a step has not
 * done yet is still there to be done.
 */
import type { Tx } from './connect.ts'

/** A piece of background work. */
export type Step = {
  readonly name: string
  /** Does one batch; answers whether there is more to do at once. */
  run(): Promise<boolean>
}

export type LoopOptions = {
  readonly steps: readonly Step[]
  /** Told of a batch that failed; it is tried again at the next turn. */
  onError(step: string, error: unknown): void
  /** Told after each turn, whatever was done in it: a loop that stands still is not heard of. */
  onTurn(): void
}

export type Loop = {
  start(): void
  /** There may be work: the next turn comes soon, at a moment that says nothing of what woke it. */
  wake(): void
  /** Lets the running batch end, and starts no other. */
  stop(): Promise<void>
}

/** Without a waker, on another replica for instance, work waits at most so long. */
const pollMsMax = 500
/** A woken loop waits a little, by chance: who caused the work may be timing the service. */
const wakeMsMin = 20
const wakeMsMax = 150
/** A step with much to do lets the others have their turn. */
const batchesMax = 500

export function createLoop({ steps, onError, onTurn }: LoopOptions): Loop {
  let stopped = true
  let timer: NodeJS.Timeout | undefined
  let turning: Promise<void> = Promise.resolve()
  let woken = false

  function schedule(): void {
    if (stopped) return
    const ms = woken ? between(wakeMsMin, wakeMsMax) : between(pollMsMax / 2, pollMsMax)
    clearTimeout(timer)
    timer = setTimeout(() => {
      timer = undefined
      woken = false
      turning = turn().then(schedule)
    }, ms)
  }

  async function turn(): Promise<void> {
    for (const step of steps) {
      try {
        let batches = 0
        while (!stopped && batches < batchesMax && (await step.run())) batches += 1
        if (batches === batchesMax) woken = true
      } catch (error) {
        onError(step.name, error)
      }
    }
    onTurn()
  }

  return {
    start() {
      stopped = false
      schedule()
    },
    wake() {
      if (woken) return
      woken = true
      // During a turn the flag is enough: the next is scheduled at its end.
      if (timer) schedule()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await turning
    },
  }
}

function between(min: number, max: number): number {
  return min + Math.random() * (max - min)
}

/** Takes the lock of a kind of work until the transaction ends; `false` if another holds it. */
export async function elect(tx: Tx, work: string): Promise<boolean> {
  const [row] = await tx.sql<[{ elected: boolean }]>`
    select pg_try_advisory_xact_lock(hashtext(${`referral-intake ${work}`})) as elected`
  return row.elected
}

/** Waits for the same lock instead, where a person's act must not be passed over. */
export async function takeTurn(tx: Tx, work: string): Promise<void> {
  await tx.sql`select pg_advisory_xact_lock(hashtext(${`referral-intake ${work}`}))`
}
