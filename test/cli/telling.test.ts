// Goal: an auditor reads London's days and times, in winter and in summer, and sees which entries are spoilt.
import t from 'tap'
import { dayOf } from '../../src/cli/auditor/london.ts'
import { linesOf } from '../../src/cli/auditor/telling.ts'
import type { AuditEntry } from '../../src/client/entries.ts'
import { londonTime } from '../../src/client/london.ts'
import { originOfLog, parseLogOrigin } from '../../src/protocol/logorigin.ts'

t.test('times are by the clock of London', async (t) => {
  t.equal(londonTime('2026-11-29T06:26:28.914Z'), '2026-11-29 06:26:28')
  t.equal(londonTime('2026-07-01T23:30:00.000Z'), '2026-07-02 00:30:00')
})

t.test('yesterday is the day before by the calendar, also where a day has 25 hours', async (t) => {
  const dayBefore = (now: string) => dayOf('since', 'yesterday', new Date(now))
  t.equal(dayBefore('2026-07-01T22:59:00Z'), '2026-06-30')
  t.equal(dayBefore('2026-07-01T23:30:00Z'), '2026-07-01', 'after midnight in London')
  t.equal(dayBefore('2026-10-26T00:30:00Z'), '2026-10-25')
  t.equal(dayBefore('2028-03-01T12:00:00Z'), '2028-02-29')
  t.equal(dayOf('since', 'today', new Date('2026-07-01T23:30:00Z')), '2026-07-02')
  t.throws(() => dayOf('since', 'last week', new Date()), /--since is today, yesterday/)
})

const entry: AuditEntry = {
  ...{ id: '01a22607-fdd6-7489-8352-3dc45844cc63', at: '2026-11-29T06:26:28.914Z' },
  ...{ action: 'keyset.published', outcome: 'permitted', caller: 'administrator' },
  ...{ request: '01a22607-fdd6-7489-8352-3dc45844cc64', opening: {}, leaf: '', intact: true },
}

t.test('only an entry that is spoilt is marked', async (t) => {
  const first = '2026-11-29 06:26:28  keyset.published by the administrator, on the host'
  t.same(linesOf(entry), [first])
  const [line, mark] = linesOf({ ...entry, intact: false })
  t.equal(line, first)
  t.match(mark, /NOT INTACT/)
})

t.test('the origin of a log is read as it is written, and in no other spelling', async (t) => {
  t.same(parseLogOrigin(originOfLog('intake.test', 12)), { deployment: 'intake.test', log: 12 })
  for (const other of ['01', '0', '-1', '1.5', '', '1/', '12345678']) {
    t.equal(parseLogOrigin(`intake.test/v1/audit/logs/${other}`), undefined, other)
  }
  t.equal(parseLogOrigin('/v1/audit/logs/1'), undefined)
})
