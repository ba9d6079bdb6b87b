import fc from 'fast-check'
import t from 'tap'
import { type Due, dueBefore, keptFor, retainedStates, wordOf } from '../../src/erasure/due.ts'
import { finalStates, openStates, transitions } from '../../src/referral/codes/state.ts'

const dayMs = 86_400_000
const instants = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2090-01-01T00:00:00Z'),
  noInvalidDate: true,
})
const days = fc.integer({ min: 7, max: 36_500 })

t.test('what began on the day, or later, is not due; what began before that day is', (t) => {
  const now = new Date('2026-11-29T21:00:00Z')
  t.equal(dueBefore(now, 7).toISOString(), '2026-11-22T00:00:00.000Z')
  t.equal(dueBefore(new Date('2026-11-29T00:00:00.000Z'), 7).getTime(), dueBefore(now, 7).getTime())
  t.equal(dueBefore(now, 365).toISOString(), '2025-11-29T00:00:00.000Z')
  t.end()
})

t.test(
  'nothing is due before its days are over, to the millisecond, nor a day later than that',
  (t) => {
    fc.assert(
      fc.property(instants, days, (now, days) => {
        const youngestMs = now.getTime() - (dueBefore(now, days).getTime() - 1)
        return youngestMs > days * dayMs && youngestMs <= (days + 1) * dayMs
      }),
    )
    t.end()
  },
)

t.test('what is due changes at midnight (UTC) alone, and never becomes less by time', (t) => {
  fc.assert(
    fc.property(instants, fc.integer({ min: 0, max: dayMs * 2 }), days, (now, laterMs, days) => {
      const later = new Date(now.getTime() + laterMs)
      const isSameDay = now.toISOString().slice(0, 10) === later.toISOString().slice(0, 10)
      const [before, after] = [dueBefore(now, days).getTime(), dueBefore(later, days).getTime()]
      return isSameDay ? before === after : after >= before + dayMs
    }),
  )
  t.end()
})

const ids = fc.uniqueArray(fc.uuid(), { maxLength: 8 })
const due = (referralId: string): Due => {
  return { referralId, reference: '12345674', since: '2025-01-01T00:00:00.000Z', kept: null }
}
const rules = fc.record({ state: fc.constantFrom(...retainedStates), days })

t.test(
  'the word of a list is of that rule, that database and those referrals, in any order',
  (t) => {
    const lists = fc.tuple(rules, fc.constantFrom('a1', 'b2'), ids)
    const key = ([rule, epoch, ids]: [object, string, string[]]) =>
      JSON.stringify([rule, epoch, ids.toSorted()])
    const word = ([rule, epoch, ids]: Parameters<typeof key>[0]) =>
      wordOf(rule as Parameters<typeof wordOf>[0], epoch, ids.map(due))
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        const turned = [one[0], one[1], one[2].toReversed()] as typeof one
        const longer = [one[0], one[1], one[2].slice(1)] as typeof one
        const same = [other, turned, longer].every((list) => {
          return (word(one) === word(list)) === (key(one) === key(list))
        })
        return same && /^[0-9a-f]{12}$/.test(word(one))
      }),
    )
    t.end()
  },
)

t.test('a rule may be about any state that is closed, and about no other', (t) => {
  const expected = ['declined', 'redirected', ...finalStates.filter((state) => state !== 'erased')]
  t.same(retainedStates.toSorted(), expected.toSorted())
  for (const state of retainedStates) {
    t.notOk((openStates as readonly string[]).includes(state))
    t.ok(transitions[state].includes('erased'))
  }
  t.ok(Object.values(keptFor).every((words) => words.length <= 66))
  t.end()
})
