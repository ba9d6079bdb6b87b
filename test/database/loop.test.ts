/**
 * Goal: a step does what there is to do, one that fails or never ends keeps no other from its turn, and
 * a loop that is stopped begins nothing more.
 * Method: steps that count, under the loop's own times.
 */
import t from 'tap'
import { createLoop, type Loop, type Step } from '../../src/database/loop.ts'

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

function looped(t: { teardown(stop: () => Promise<void>): void }, ...steps: Step[]) {
  const failures: [string, unknown][] = []
  let turns = 0
  const loop = createLoop({
    steps,
    onError: (name, error) => void failures.push([name, error]),
    onTurn: () => (turns += 1),
  })
  t.teardown(() => loop.stop())
  loop.start()
  return { loop, failures, turns: () => turns }
}

t.test(
  'a step runs again at once while there is more, and the next turn comes by itself',
  async (t) => {
    const busy = counted('busy', (runs) => runs % 5 !== 0)
    const after = counted('after', () => false)
    const { turns } = looped(t, busy.step, after.step)
    await after.reach(1)
    t.equal(busy.runs(), 5, 'five batches in one turn')
    await after.reach(2)
    t.equal(busy.runs(), 10)
    t.equal(turns(), 1, 'the second is not over')
  },
)

t.test('one that fails is told, tried again, and keeps nobody from a turn', async (t) => {
  const fault = new Error('a fault')
  const failing = counted('failing', () => {
    throw fault
  })
  const after = counted('after', () => false)
  const { failures, turns } = looped(t, failing.step, after.step)
  await after.reach(3)
  t.equal(turns(), 2, 'a turn in which one fails is one')
  t.ok(failures.length >= 3)
  t.same(failures[0], ['failing', fault])
})

t.test('one that never ends lets the others have their turn', async (t) => {
  const endless = counted('endless', () => true)
  const after = counted('after', () => false)
  looped(t, endless.step, after.step)
  await after.reach(2)
  t.equal(endless.runs(), 1_000)
})

t.test('what wakes it during a turn is not lost', async (t) => {
  let loop: Loop | undefined
  let work = 1
  const step = counted('step', () => {
    if (work === 0) return false
    work -= 1
    // More arrives when this turn has looked already.
    if (step.runs() === 1) {
      queueMicrotask(() => {
        work += 1
        loop?.wake()
      })
    }
    return false
  })
  loop = looped(t, step.step).loop
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
  const after = counted('after', () => false)
  const { loop } = looped(t, slow.step, after.step)
  await slow.reach(1)
  const stopped = loop.stop()
  letGo()
  await stopped
  t.equal(isEnded, true)
  t.equal(slow.runs(), 1)
  t.equal(after.runs(), 0)
  loop.wake()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(slow.runs(), 1, 'nor does a call that comes late')
})
