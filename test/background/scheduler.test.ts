/**
 * Goal: a step does what there is to do, one that fails or never ends delays no other, no more run at once
 * than there are connections, and a scheduler that is stopped begins nothing more.
 * Method: steps that count, under the scheduler's own times.
 */
import t from 'tap'
import type { Told } from '../../src/background/report.ts'
import { createScheduler, pollMsMax, type Scheduler } from '../../src/background/scheduler.ts'
import type { Step } from '../../src/database/lock.ts'

/** Resolves when a step has been run `count` times more. */
function counted(name: string, run: (runs: number) => Promise<boolean> | boolean) {
  let runs = 0
  let waiting: { at: number; resolve: () => void }[] = []
  const step: Step = {
    name,
    async run() {
      runs += 1
      for (const { at, resolve } of waiting) if (at <= runs) resolve()
      waiting = waiting.filter(({ at }) => at > runs)
      return run(runs)
    },
  }
  const reach = (at: number) => {
    return new Promise<void>((resolve) => {
      if (runs >= at) resolve()
      else waiting.push({ at, resolve })
    })
  }
  return { step, reach, runs: () => runs }
}

function scheduled(
  t: { teardown(stop: () => Promise<void>): void },
  steps: Step[],
  connections = steps.length,
) {
  const told: Told[] = []
  const scheduler = createScheduler({ steps, connections, tell: (it) => void told.push(it) })
  t.teardown(() => scheduler.stop())
  scheduler.start()
  const of = (kind: Told['kind'], step: string) =>
    told.filter((it) => it.kind === kind && it.step === step)
  return { scheduler, of }
}

t.test(
  'a step runs again at once while there is more, and the next turn comes by itself',
  async (t) => {
    const busy = counted('busy', (runs) => runs % 5 !== 0)
    const { of } = scheduled(t, [busy.step])
    await busy.reach(5)
    t.equal(of('turned', 'busy').length, 0, 'five batches in one turn')
    await busy.reach(6)
    t.equal(of('turned', 'busy').length, 1)
    await busy.reach(10)
    t.equal(of('turned', 'busy').length, 1, 'the second is not over')
  },
)

t.test('one that fails is told, and tried again at its next turn', async (t) => {
  const fault = new Error('a fault')
  const failing = counted('failing', () => {
    throw fault
  })
  const { of } = scheduled(t, [failing.step])
  await failing.reach(3)
  t.same(of('failed', 'failing')[0], { kind: 'failed', step: 'failing', error: fault })
  t.equal(of('turned', 'failing').length, 2, 'a turn in which it fails is one')
})

t.test('one that never ends, or does not return, delays no other', async (t) => {
  const endless = counted('endless', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return true
  })
  let letGo = () => {}
  const gate = new Promise<boolean>((open) => {
    letGo = () => open(false)
  })
  const stuck = counted('stuck', () => gate)
  const quick = counted('quick', () => false)
  const { of } = scheduled(t, [endless.step, stuck.step, quick.step])
  await quick.reach(3)
  t.equal(stuck.runs(), 1)
  t.equal(of('turned', 'stuck').length, 0)
  await endless.reach(501)
  const turns = of('turned', 'endless').length
  t.ok(turns >= 1 && turns <= endless.runs() / 500, 'its turns end all the same')
  letGo()
})

t.test(
  'no more batches run at once than there are connections, and each has its turn',
  async (t) => {
    let running = 0
    let most = 0
    let letGo = () => {}
    const gate = new Promise<void>((open) => {
      letGo = open
    })
    const held = (name: string) =>
      counted(name, async () => {
        running += 1
        most = Math.max(most, running)
        await gate
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return true
      })
    const steps = [held('one'), held('two'), held('three')]
    scheduled(
      t,
      steps.map(({ step }) => step),
      2,
    )
    // By then each has had its turn, or waits for a connection.
    await new Promise((resolve) => setTimeout(resolve, 2 * pollMsMax))
    t.equal(running, 2)
    letGo()
    await Promise.all(steps.map(({ reach }) => reach(100)))
    t.equal(most, 2)
  },
)

t.test('a step that rests begins at once, and is woken by nobody', async (t) => {
  const quick = counted('quick', () => false)
  const resting = counted('resting', () => false)
  const often = counted('often', () => false)
  const { scheduler } = scheduled(t, [
    quick.step,
    { ...resting.step, restMs: 600_000 },
    { ...often.step, restMs: 1 },
  ])
  await Promise.all([quick.reach(1), resting.reach(1)])
  for (const runs of [2, 3, 4]) {
    scheduler.wake()
    await quick.reach(runs)
  }
  t.equal(resting.runs(), 1)
  await often.reach(20)
})

t.test('what wakes it during a turn is not lost', async (t) => {
  let scheduler: Scheduler | undefined
  let work = 1
  const step = counted('step', () => {
    if (work === 0) return false
    work -= 1
    // More arrives when this turn has looked already.
    if (step.runs() === 1) {
      queueMicrotask(() => {
        work += 1
        scheduler?.wake()
      })
    }
    return false
  })
  scheduler = scheduled(t, [step.step]).scheduler
  await step.reach(2)
  t.equal(work, 0)
})

t.test('stopped, it lets the running batch end and begins no other', async (t) => {
  let letGo = () => {}
  const gate = new Promise<void>((open) => {
    letGo = open
  })
  let isEnded = false
  const slow = counted('slow', async () => {
    await gate
    isEnded = true
    return true
  })
  const behind = counted('behind', () => false)
  const { scheduler } = scheduled(t, [slow.step, behind.step], 1)
  await Promise.race([slow.reach(1), behind.reach(1)])
  await slow.reach(1)
  const before = behind.runs()
  // Long enough that the other waits for the one connection.
  await new Promise((resolve) => setTimeout(resolve, 600))
  t.equal(behind.runs(), before, 'it waits')
  const stopped = scheduler.stop()
  letGo()
  await stopped
  t.equal(isEnded, true)
  t.equal(slow.runs(), 1)
  t.equal(behind.runs(), before, 'nor does one that waited for its connection')
  scheduler.wake()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(slow.runs(), 1, 'nor does a call that comes late')
})
