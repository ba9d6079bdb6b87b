/**
 * Goal: a sequencer that begins at a floor leaves no entry out for long, and none at all where looks are short.
 * Method: what waits is a list of times in memory, and a clock that goes on by what a look takes.
 */
import fc from 'fast-check'
import t from 'tap'
import { createPendingFloor } from '../../src/audit/pendingfloor.ts'

const longMs = 40
/** Ten times what a look from the start takes: as the floor's own docstring promises. */
const lateMsMax = 10 * longMs

/** @param startMs - what a look from the start takes */
function waitingList(startMs: number) {
  let ms = 0
  let starts = 0
  /** When each entry came, by its time. */
  const waits = new Map<number, number>()
  const floor = createPendingFloor(() => ms)
  return {
    starts: () => starts,
    pass(passed: number) {
      ms += passed
    },
    put(at: number) {
      if (!waits.has(at)) waits.set(at, ms)
    },
    /** For how long each that waits has waited. */
    standing: () => [...waits.values()].map((since) => ms - since),
    async take() {
      const { oldest } = await floor.look(async (from) => {
        starts += Number(from === undefined)
        ms += from === undefined ? startMs : 1
        const seen = [...waits.keys()].filter((at) => at >= Number(from ?? 0))
        return { oldest: String(Math.min(...seen, 1_000)) }
      })
      for (const at of waits.keys()) if (at >= Number(oldest)) waits.delete(at)
    },
  }
}

const step = fc.oneof(
  fc.record({ put: fc.integer({ min: 1, max: 999 }) }),
  fc.record({ pass: fc.integer({ min: 1, max: 300 }) }),
  fc.constant({}),
)

t.test('where looks are short, each finds all', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const list = waitingList(20)
      for (const { put, pass } of steps as { put?: number; pass?: number }[]) {
        if (put !== undefined) list.put(put)
        else if (pass !== undefined) list.pass(pass)
        else {
          await list.take()
          if (list.standing().length > 0) throw new Error('an entry was left out')
        }
      }
    }),
  )
  t.pass('of any entries in any order')
})

t.test(
  'where they are long, none waits for more than ten of them, and they take a tenth of the time',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
        const list = waitingList(longMs)
        for (const { put, pass } of steps as { put?: number; pass?: number }[]) {
          if (put !== undefined) list.put(put)
          else if (pass !== undefined) list.pass(pass)
          else {
            await list.take()
            const late = list.standing().filter((ms) => ms > lateMsMax)
            if (late.length > 0) throw new Error('an entry waits too long')
          }
        }
      }),
    )
    const list = waitingList(longMs)
    for (let turn = 0; turn < 4_000; turn += 1) await list.take()
    t.equal(list.starts(), 10)
  },
)
