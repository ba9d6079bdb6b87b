/**
 * Goal: work that is too long for its deadline is told as failed, and is no outage of the database.
 * Method: the work on a database with a short deadline, and a batch held up by a lock until it is past.
 */
import t from 'tap'
import { reports, sortAway, type Told } from '../../src/background/report.ts'
import { createWork } from '../../src/background/work.ts'
import { connect } from '../../src/database/connect.ts'
import { DatabaseAway, Overlong } from '../../src/database/lost.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { stage } from '../helpers/stage.ts'
import { holdTable } from '../helpers/superuser.ts'

t.test('a referral whose pairing passes the deadline is told as one that failed', async (t) => {
  const { databases, world, sql, refer, pair } = await stage(t)
  const person = stranger()
  await refer(matchingOf(person))
  await refer(matchingOf(person))
  const hold = await holdTable(sql, 'judgement')
  const all: Told[] = []
  const told = new Promise<Told>((resolve) => {
    const sorted = sortAway((it) => {
      all.push(it)
      if (it.kind !== 'turned' && it.kind !== 'log') resolve(it)
    })
    const { onAway } = sorted
    const database = connect({
      ...{ url: databases.url, connectionsMax: 2, prepare: true, deadlineMs: 500, onAway },
    })
    const kept = { read: async () => undefined, write: async () => {} }
    const post = async () => ({ status: 404, text: '' })
    const log = { origin: world.origin, keys: [world.logKey], kept, witnesses: [], post }
    const work = createWork(database, log, sorted.tell)
    t.teardown(async () => {
      await work.stop()
      await database.close()
    })
    work.start()
  })
  t.match(await told, { kind: 'unpaired', error: new Overlong('') })
  t.match(reports.unpaired.count, { name: 'intake_pairing_failures_total' })
  await hold.letGo()
  await pair()
  t.notOk(all.some(({ kind }) => kind === 'away'))
})

t.test('an outage is told as that, once, and not as a batch that failed', async (t) => {
  const all: Told[] = []
  const { onAway, tell } = sortAway((it) => void all.push(it))
  const error = new DatabaseAway('no connection became free in time')
  onAway(error)
  tell({ kind: 'failed', step: 'pairing', error })
  t.same(all, [{ kind: 'away', error }])
})
