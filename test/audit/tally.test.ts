import fc from 'fast-check'
import t from 'tap'
import { createTally } from '../../src/audit/tally.ts'

const at = (text: string) => new Date(`2026-11-22T${text}Z`)
const newTally = () =>
  createTally<string>(
    (key) => key,
    (key) => key,
  )

t.test('the first refusals of a minute stand alone, and the rest are summed', (t) => {
  const tally = newTally()
  const summed = Array.from({ length: 100 }, () => tally.count('a', 60, at('09:30:59.999')))
  t.same(summed.slice(0, 60), Array(60).fill(false))
  t.same(summed.slice(60), Array(40).fill(true))
  t.same(tally.take(at('09:31:00')), [{ key: 'a', count: 40, minute: at('09:30:00') }])
  t.same(tally.take(at('09:31:00')), [], 'and told once')
  t.end()
})

t.test('a minute that still runs is not told of, except at the very end', (t) => {
  const tally = newTally()
  tally.count('a', 0, at('09:30:00'))
  t.same(tally.take(at('09:30:59.999')), [])
  tally.count('a', 0, at('09:30:59.999'))
  t.same(tally.take(), [{ key: 'a', count: 2, minute: at('09:30:00') }])
  t.end()
})

t.test('a new minute begins at nothing', (t) => {
  const tally = newTally()
  t.equal(tally.count('a', 1, at('09:30:00')), false)
  t.equal(tally.count('a', 1, at('09:30:30')), true)
  t.equal(tally.count('a', 1, at('09:31:00')), false)
  t.end()
})

t.test('one key neither spends nor hides what another has', (t) => {
  const tally = newTally()
  t.equal(tally.count('a', 1, at('09:30:00')), false)
  t.equal(tally.count('b', 1, at('09:30:00')), false)
  t.equal(tally.count('b', 1, at('09:30:00')), true)
  t.same(tally.take(), [{ key: 'b', count: 1, minute: at('09:30:00') }])
  t.end()
})

t.test('a holder has one number that stand alone, whatever they are about', (t) => {
  const tally = createTally<string>(
    (key) => key,
    (key) => key[0]!,
  )
  t.equal(tally.count('a1', 2, at('09:30:00')), false)
  t.equal(tally.count('a2', 2, at('09:30:00')), false)
  t.equal(tally.count('a1', 2, at('09:30:00')), true)
  t.equal(tally.count('a2', 2, at('09:30:00')), true)
  t.equal(tally.count('b1', 2, at('09:30:00')), false)
  const minute = at('09:30:00')
  t.same(tally.take(), [
    { key: 'a1', count: 1, minute },
    { key: 'a2', count: 1, minute },
  ])
  t.end()
})

t.test('a sum that could not be written is told the next time, with what came since', (t) => {
  const tally = newTally()
  const now = at('09:30:00')
  for (let count = 0; count < 3; count += 1) tally.count('a', 0, now)
  tally.giveBack(tally.take())
  tally.count('a', 0, now)
  t.same(tally.take(), [{ key: 'a', count: 4, minute: now }])
  t.end()
})

t.test('what is told alone and what is summed make up what was counted', (t) => {
  const key = fc.constantFrom('a', 'b', 'c')
  const times = fc.array(fc.tuple(key, fc.integer({ min: 0, max: 300_000 })), { maxLength: 200 })
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 5 }), (counted, alone) => {
      const tally = newTally()
      const minutes = new Map<string, number>()
      for (const [name, ms] of counted) {
        tally.count(name, alone, new Date(ms))
        const minute = `${name} ${Math.floor(ms / 60_000)}`
        minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
      }
      const expected = [...minutes]
        .filter(([, count]) => count > alone)
        .map(([minute, count]) => `${minute} ${count - alone}`)
      const told = tally
        .take()
        .map(({ key: name, count, minute }) => `${name} ${minute.getTime() / 60_000} ${count}`)
      return JSON.stringify(told.sort()) === JSON.stringify(expected.sort())
    }),
  )
  t.pass()
  t.end()
})
