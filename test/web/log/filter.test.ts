// What the page of an exported log finds about a referral is what `intake audit --referral` finds.
import t from 'tap'
import type { LogEntry } from '../../../src/client/logentry.ts'
import { newId } from '../../../src/protocol/uuid.ts'
import { everything, isWhole, matching } from '../../../src/web/log/filter.ts'
import type { Row } from '../../../src/web/log/row.ts'

const [one, two] = [newId(), newId()]

function row(index: number, object: LogEntry['object'], details: Row['opening']['details']): Row {
  const at = '2026-07-01T23:30:00.000Z'
  const fixed = { v: 1, at, outcome: 'permitted', caller: 'system', action: 'x.done' } as const
  const entry = { ...fixed, id: newId(), request: newId(), ...(object && { object }) }
  const opening = details ? { details } : {}
  return { index, entry, opening, isShown: true, time: '2026-07-02 00:30:00', who: 'x' }
}

const rows = [
  row(0, { kind: 'referral', id: one }, { reference: '12345674' }),
  row(1, { kind: 'referral', id: two }, { acts: [{ kind: 'merged', referral: one }] }),
  row(2, { kind: 'referral', id: two }, { reference: '87654321' }),
  row(3, { kind: 'case', id: newId() }, { acts: [{ kind: 'merged', referral: two }] }),
  row(4, { kind: 'case', id: newId() }, { count: 12345674 }),
  row(5, undefined, undefined),
]
const found = (filter: Partial<typeof everything>) =>
  matching(rows, { ...everything, ...filter }).map(({ index }) => index)

t.test(
  'by id and by reference the same is found: about it, or naming it in its acts',
  async (t) => {
    t.same(found({ referral: one }), [0, 1])
    t.same(found({ referral: '12345674' }), [0, 1])
    t.same(found({ referral: two }), [1, 2, 3])
    t.same(found({ referral: '00000000' }), [])
  },
)

t.test('days are those of London, each included', async (t) => {
  t.same(found({ from: '2026-07-02', to: '2026-07-02' }).length, rows.length)
  t.same(found({ to: '2026-07-01' }), [])
  t.same(found({ from: '2026-07-03' }), [])
})

t.test('all about a referral is asked for only where nothing else narrows it', async (t) => {
  t.ok(isWhole({ ...everything, referral: one }))
  t.notOk(isWhole(everything))
  for (const name of ['from', 'to', 'action', 'outcome', 'who']) {
    t.notOk(isWhole({ ...everything, referral: one, [name]: 'x' }), name)
  }
})
