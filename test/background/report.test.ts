/**
 * Goal: work that is too long for its deadline is told as failed, and is no outage of the database; nor is a
 * witness that cannot be reached.
 * Method: the work on a database with a short deadline, and a batch held up by a lock until it is past.
 */
import t from 'tap'
import { createSequencer } from '../../src/audit/sequencer.ts'
import { append } from '../../src/audit/service.ts'
import { post } from '../../src/background/post.ts'
import { reports, sortAway, type Told } from '../../src/background/report.ts'
import { createWork } from '../../src/background/work.ts'
import { connect } from '../../src/database/connect.ts'
import { DatabaseAway, Overlong } from '../../src/database/lost.ts'
import { loggable } from '../../src/log.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { noteKey, witnessKeyType } from '../../src/protocol/log/key.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { freePort } from '../helpers/port.ts'
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
    const work = createWork(database, log, sorted.tell, { isWatched: false })
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

t.test('a witness that cannot be reached is told of, with its name and why', async (t) => {
  const { databases, database, world } = await stage(t)
  const kept = { read: async () => undefined, write: async () => {} }
  const log = { origin: world.origin, keys: [world.logKey], kept }
  const system = { kind: 'system', request: newId() } as const
  await database.inTransaction(system, (tx) => append(tx, { action: 'request.received' }))
  await createSequencer(database, { ...log, onStanding: () => {} }).run()
  const { publicKey } = generateSigningKey()
  const key = noteKey(sha256, { name: 'witness.test', type: witnessKeyType, publicKey })
  const url = `http://127.0.0.1:${await freePort()}`
  const told = new Promise<Told>((resolve) => {
    const figures = ['turned', 'log', 'queue']
    const { tell } = sortAway((it) => !figures.includes(it.kind) && resolve(it))
    const own = connect({ url: databases.url, connectionsMax: 2, prepare: true })
    const witnesses = [{ key, url }]
    const work = createWork(own, { ...log, witnesses, post }, tell)
    t.teardown(async () => {
      await work.stop()
      await own.close()
    })
    work.start()
  })
  const { error, ...rest } = await told
  t.same(rest, { kind: 'unwitnessed', witness: 'witness.test' })
  t.match(loggable(error), { name: 'Error', cause: { cause: { code: 'ECONNREFUSED' } } })
})
