/**
 * The scheduler of background work: one loop for each step, so that a slow step delays no other, and a
 * budget of connections that all of them share. Each replica runs it. A step of which only one may run at
 * a time elects itself for each batch by a lock that its transaction holds (`elect`), and the others may
 * run on all replicas at once. So any replica may do any batch, and one that dies leaves the batch to the
 * next: what a step has not committed is still there to be done.
 */
import type { Step } from '../database/lock.ts'
import type { Tell } from './report.ts'

export type SchedulerOptions = {
  readonly steps: readonly Step[]
  /** How many batches may run at once, each in one transaction. */
  readonly connections: number
  readonly tell: Tell
}

export type Scheduler = {
  start(): void
  /**
   * There may be work: the next turns come soon, at a moment that says nothing of what woke them; but for
   * those of a step that is not woken.
   */
  wake(): void
  /** Lets the running batches end, and starts no other. */
  stop(): Promise<void>
}

/** Without a waker, on another replica for instance, work waits at most this long. */
export const pollMsMax = 500
/** A woken loop waits a little, by chance, because who caused the work may be timing the service. */
const wakeMsMin = 20
const wakeMsMax = 150
/** After this many batches a step has ended its turn, and says so. */
const batchesMax = 500

/** Schedules steps; the thread of the background work has one. */
export function createScheduler({ steps, connections, tell }: SchedulerOptions): Scheduler {
  const budget = createBudget(connections)
  const loops = steps.map((step) => createLoop(step, budget, tell))
  const each = (act: (loop: Scheduler) => unknown) => Promise.all(loops.map(act))
  return {
    start: () => void each((loop) => loop.start()),
    wake: () => void each((loop) => loop.wake()),
    stop: async () => void (await each((loop) => loop.stop())),
  }
}

type Budget = <Result>(act: () => Promise<Result>) => Promise<Result>

/** Runs at most `size` acts at once; the others wait in the order in which they came. */
function createBudget(size: number): Budget {
  let free = size
  const waiting: (() => void)[] = []
  return async (act) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await act()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}

/** One step's loop: a turn, a pause, and the next turn. */
function createLoop(step: Step, budget: Budget, tell: Tell): Scheduler {
  let stopped = true
  let timer: NodeJS.Timeout | undefined
  let turning: Promise<void> = Promise.resolve()
  let woken = false

  function schedule(restMs = pollMsMax): void {
    if (stopped) return
    const ms = woken ? between(wakeMsMin, wakeMsMax) : between(restMs / 2, restMs)
    clearTimeout(timer)
    timer = setTimeout(() => {
      timer = undefined
      woken = false
      turning = turn().then(() => schedule(step.restMs))
    }, ms)
  }

  /** One batch, unless the step was stopped while it waited for its connection. */
  function batch(): Promise<boolean> {
    return budget(async () => !stopped && (await step.run()))
  }

  async function turn(): Promise<void> {
    try {
      let batches = 0
      while (!stopped && batches < batchesMax && (await batch())) batches += 1
      if (batches === batchesMax) woken = true
    } catch (error) {
      tell({ kind: 'failed', step: step.name, error })
    }
    tell({ kind: 'turned', step: step.name })
  }

  return {
    start() {
      stopped = false
      schedule()
    },
    wake() {
      if (woken || step.isUnwoken || step.restMs !== undefined) return
      woken = true
      // During a turn the flag is enough: the next is scheduled at its end.
      if (timer) schedule()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await turning
      await step.stop?.()
    },
  }
}

function between(min: number, max: number): number {
  return min + Math.random() * (max - min)
}
