/**
 * Goal: a claim that begins at a floor misses nothing for long, and nothing at all where walks are short.
 * Method: a queue of numbers in memory, of which each is free or not, and a clock that goes on by what a walk takes.
 */
import fc from 'fast-check'
import t from 'tap'
import { createFloors } from '../../src/triage/floor.ts'

const places = 20
const longMs = 40
/** A quarter of a second, or ten times what a walk takes if that is longer: as docs/LIFE-OF-A-REFERRAL.md promises. */
const lateMsMax = Math.max(250, 10 * longMs)

const placeOf = (index: number) => ({
  dueAt: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(),
  id: String(index),
})

/** @param entries - how many entries of the index a whole walk meets */
function queue(entries = 1_000_000) {
  const free = new Map<number, number>()
  let [ms, walks, floorWalks] = [0, 0, 0]
  let announce: (isHere: boolean) => void = () => {}
  const onAnnounced = (act: typeof announce) => {
    announce = act
  }
  const floors = createFloors({ onAnnounced }, () => ms)
  return {
    floors,
    walked: () => [walks, floorWalks],
    announce: () => announce(true),
    pass: (passed: number) => {
      ms += passed
    },
    /** From now on the item at this place is free. */
    put: (index: number) => {
      if (!free.has(index)) free.set(index, ms)
    },
    /** What is free, and for how long. */
    standing: () => [...free].sort(([a], [b]) => a - b).map(([at, since]) => [at, ms - since]),
    async claim(max: number): Promise<number[]> {
      const { items } = await floors.lease('kid', max, async (from) => {
        if (from) floorWalks += 1
        else {
          walks += 1
          ms += entries > 2_000 ? longMs : 0
        }
        const found = [...free.keys()].sort((a, b) => a - b)
        const items = found.filter((at) => at >= Number(from?.id ?? 0)).slice(0, max)
        for (const at of items) free.delete(at)
        return { items: items.map(placeOf), walked: from ? items.length : entries }
      })
      return items.map(({ id }) => Number(id))
    },
  }
}

const place = fc.integer({ min: 0, max: places - 1 })
const step = fc.oneof(
  fc.record({ put: place, announced: fc.boolean() }),
  fc.record({ pass: fc.integer({ min: 0, max: 150 }) }),
  { weight: 2, arbitrary: fc.record({ max: fc.integer({ min: 1, max: 3 }) }) },
)

t.test('what is announced is claimed in order at once, all else within the bound', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { standing, claim, put, pass, announce } = queue()
      const announced = new Set<number>()
      for (const step of steps) {
        if ('put' in step) {
          put(step.put)
          if (step.announced) announce()
          // Whatever stands when something is announced is in order again.
          if (step.announced) for (const [at = 0] of standing()) announced.add(at)
        } else if ('pass' in step) pass(step.pass)
        else {
          const before = standing()
          const claimed = await claim(step.max)
          if (before.length > 0 && claimed.length === 0) throw new Error('said to be empty')
          const last = Math.max(-1, ...claimed)
          for (const [at = 0, ms = 0] of before) {
            if (at >= last || claimed.includes(at)) continue
            if (announced.has(at) || ms >= lateMsMax) throw new Error(`${at} was passed over`)
          }
          for (const at of claimed) announced.delete(at)
        }
      }
    }),
    { numRuns: 1_000 },
  )
})

t.test('where walks are short each is a whole one', async (t) => {
  const { claim, put, walked } = queue(2_000)
  for (const at of [5, 6, 7]) put(at)
  await claim(1)
  put(3)
  t.same(await claim(1), [3])
  t.same(walked(), [2, 0])
})

t.test(
  'where they are long one is made in each while, and none finds nothing by a floor',
  async (t) => {
    const { claim, put, walked, pass } = queue()
    for (let at = 0; at < places; at += 1) put(at)
    for (let turn = 0; turn < places; turn += 1) {
      t.same(await claim(1), [turn])
      pass(50)
    }
    t.same(walked(), [3, 17], 'at 0, 440 and 880 ms')
    put(2)
    t.same(await claim(1), [2])
    t.same(await claim(1), [])
    t.same(walked(), [5, 19])
  },
)

t.test('a walk during which work is announced sets no floor', async (t) => {
  const { floors, announce } = queue()
  const found = { items: [placeOf(7)], walked: 1_000_000 }
  await floors.lease('kid', 1, async () => {
    announce()
    return found
  })
  const from: unknown[] = []
  const look = async (place?: unknown) => {
    from.push(place)
    return found
  }
  await floors.lease('kid', 1, look)
  await floors.lease('other', 1, look)
  await floors.lease('kid', 1, look)
  t.same(from, [undefined, undefined, placeOf(7)], 'and one recipient has no floor of another')
})

t.test('while one walks anew the others begin at the floor that there was', async (t) => {
  const { floors, pass } = queue()
  const from: unknown[] = []
  const look = async (place?: unknown) => {
    from.push(place)
    return { items: [placeOf(7)], walked: 1_000_000 }
  }
  await floors.lease('kid', 1, look)
  pass(300)
  await Promise.all([floors.lease('kid', 1, look), floors.lease('kid', 2, look)])
  await floors.lease('kid', 1, look)
  t.same(from, [undefined, undefined, placeOf(7), undefined], 'whole again after one found too few')
})

t.test('a walk that fails leaves no floor', async (t) => {
  const { floors, pass } = queue()
  const found = async () => ({ items: [placeOf(7)], walked: 1_000_000 })
  await floors.lease('kid', 1, found)
  pass(300)
  await t.rejects(
    floors.lease('kid', 1, () => Promise.reject(new Error('away'))),
    /away/,
  )
  const from: unknown[] = []
  await floors.lease('kid', 1, async (place) => {
    from.push(place)
    return found()
  })
  t.same(from, [undefined])
})
