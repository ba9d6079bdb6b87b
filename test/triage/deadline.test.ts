/**
 * Goal: a day by which an answer is wanted brings a referral forward, and never before an immediate one
 * that arrived earlier, whatever day it names.
 * Method: rows by the calendar; then random arrivals, in the database and in a second implementation
 * that counts days one by one.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Tx } from '../../src/database/connect.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { insertItem } from '../../src/triage/store/enqueue.ts'
import { dueMs } from '../helpers/due.ts'
import { seedOf } from '../helpers/seed.ts'
import { stage } from '../helpers/stage.ts'

const { database } = await stage(t)
const hourMs = 3_600_000

type Arrival = { at: number; urgency: Urgency; respondBy?: string | undefined }

/** When items that arrive so are due, by the service; nothing of them is kept. */
async function dueOf(arrivals: readonly Arrival[]): Promise<number[]> {
  let due: number[] = []
  const undo = new Error('undo')
  await database
    .inTransaction({ kind: 'system', request: newId() }, async (tx) => {
      const ids = arrivals.map(() => newId())
      for (const [index, { at, urgency, respondBy }] of arrivals.entries()) {
        const then: Tx = { ...tx, now: new Date(at) }
        const place = { region: 'unknown', channel: 'internal' } as const
        const item = { caseId: newId(), referralId: newId(), urgency, respondBy, ...place }
        await insertItem(then, { id: ids[index]!, ...item })
      }
      const rows = await tx.sql<{ id: string; ms: number }[]>`
        select id, (extract(epoch from due_at) * 1000)::float8 as ms from triage_item
        where id = any (${ids}::uuid[])`
      due = ids.map((id) => rows.find((row) => row.id === id)!.ms)
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  return due
}

t.test('a day to answer by ends at 17:00 in London on the working day before', async (t) => {
  // Clocks go forward on 28 March 2027 and back on 31 October 2027 (Summer Time Act 1972). Both are
  // Sundays.
  const rows: [respondBy: string, dueAt: string][] = [
    // Good Friday is 26 March, Easter Monday the 29th (GOV.UK, "UK bank holidays").
    ['2027-03-26', '2027-03-25T17:00:00.000Z'],
    ['2027-03-28', '2027-03-25T17:00:00.000Z'],
    ['2027-03-30', '2027-03-25T17:00:00.000Z'],
    ['2027-03-31', '2027-03-30T16:00:00.000Z'],
    ['2027-07-01', '2027-06-30T16:00:00.000Z'],
    ['2027-11-01', '2027-10-29T16:00:00.000Z'],
    ['2027-11-02', '2027-11-01T17:00:00.000Z'],
    ['2028-03-01', '2028-02-29T17:00:00.000Z'],
  ]
  for (const [respondBy, dueAt] of rows) {
    const at = Date.parse(dueAt) - 48 * hourMs
    const [standard, immediate] = await dueOf([
      { at, urgency: 'standard', respondBy },
      { at, urgency: 'immediate', respondBy },
    ])
    t.equal(new Date(standard!).toISOString(), dueAt, respondBy)
    t.equal(immediate! - at, hourMs, `and never later than the urgency allows: ${respondBy}`)
  }
})

t.test('of working days it is so many later, at the same time or at 17:00', async (t) => {
  const rows: [arrived: string, soon: string, standard: string][] = [
    // Over the week-end on which clocks go back.
    ['2027-10-29T10:15:00.250Z', '2027-11-01T11:15:00.250Z', '2027-11-05T11:15:00.250Z'],
    // After 17:00, on a Saturday, on a Sunday: all as at 17:00 of that Friday.
    ['2027-06-04T16:00:00.001Z', '2027-06-07T16:00:00.000Z', '2027-06-11T16:00:00.000Z'],
    ['2027-06-05T08:00:00.000Z', '2027-06-07T16:00:00.000Z', '2027-06-11T16:00:00.000Z'],
    ['2027-06-06T22:59:59.999Z', '2027-06-07T16:00:00.000Z', '2027-06-11T16:00:00.000Z'],
    // A minute past midnight of Monday in London, still Sunday in UTC.
    ['2027-06-06T23:01:00.000Z', '2027-06-07T23:01:00.000Z', '2027-06-13T23:01:00.000Z'],
    // Before Easter, over the week-end on which clocks go forward.
    ['2027-03-25T12:00:00.000Z', '2027-03-30T11:00:00.000Z', '2027-04-05T11:00:00.000Z'],
    // Christmas and New Year: bank holidays on 27, 28 December and 3 January.
    ['2027-12-24T09:00:00.000Z', '2027-12-29T09:00:00.000Z', '2028-01-05T09:00:00.000Z'],
    ['2027-12-27T09:00:00.000Z', '2027-12-29T17:00:00.000Z', '2028-01-05T17:00:00.000Z'],
  ]
  for (const [arrived, ...expected] of rows) {
    const at = Date.parse(arrived)
    const due = await dueOf([
      { at, urgency: 'soon' },
      { at, urgency: 'standard' },
    ])
    t.same(
      due.map((ms) => new Date(ms).toISOString()),
      expected,
      arrived,
    )
  }
})

t.test('a day that is near, past or absurd counts as immediate, and no more', async (t) => {
  const at = Date.parse('2027-06-02T15:30:00Z')
  for (const respondBy of ['2027-06-03', '2027-06-02', '2027-05-01', '1000-01-01', '1999-12-31']) {
    t.same(await dueOf([{ at, urgency: 'standard', respondBy }]), [at + hourMs], respondBy)
  }
  const never = await dueOf([{ at, urgency: 'standard', respondBy: '2999-12-31' }])
  t.same(never, [Date.parse('2027-06-09T15:30:00Z')], 'and one that is far off puts nobody back')
})

t.test('any arrivals stand as a naive model says, none before an earlier immediate', async (t) => {
  const from = Date.parse('2027-01-01T00:00:00Z')
  const day = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -10, max: 420 }) },
    { weight: 1, arbitrary: fc.integer({ min: -350_000, max: 350_000 }) },
  )
  const arrival: fc.Arbitrary<Arrival> = fc.record({
    at: fc.integer({ min: 0, max: 400 * 24 * 3600 }).map((seconds) => from + seconds * 1000),
    urgency: fc.constantFrom<Urgency>('immediate', 'urgent', 'soon', 'standard'),
    respondBy: fc.option(
      day.map((days) => new Date(from + days * 24 * hourMs).toISOString().slice(0, 10)),
      { nil: undefined },
    ),
  })
  const near = fc.tuple(arrival, fc.integer({ min: 0, max: 3 })).map(([made, days]) => ({
    ...made,
    respondBy: new Date(made.at + days * 24 * hourMs).toISOString().slice(0, 10),
  }))
  const seed = seedOf(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(arrival, near), { minLength: 2, maxLength: 30 }),
      async (arrivals) => {
        const due = await dueOf(arrivals)
        for (const [index, it] of arrivals.entries()) {
          if (due[index] !== dueMs(it)) throw new Error(`${JSON.stringify(it)}: ${due[index]}`)
          for (const [before, other] of arrivals.entries()) {
            const isLater = other.at < it.at
            if (isLater && other.urgency === 'immediate' && due[index]! <= due[before]!) {
              throw new Error('before an immediate one')
            }
            const isAlike = other.urgency === it.urgency && it.respondBy === undefined
            if (isLater && isAlike && due[index]! < due[before]!) {
              throw new Error('before one like it that came earlier')
            }
          }
        }
      },
    ),
    { seed, numRuns: 60, endOnFailure: true },
  )
})
