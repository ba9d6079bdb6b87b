// Goal: an id counts once, whichever replicas it is sent to, and is forgotten when it has expired.
import t from 'tap'
import { createForgetting } from '../../src/background/forgetting.ts'
import type { Caller } from '../../src/caller.ts'
import { connect } from '../../src/database/connect.ts'
import { type SpentKind, spend, spendAtOnce } from '../../src/database/spent.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
const replicas = [1, 2].map(() => connect({ url: databases.url, connectionsMax: 4, prepare: true }))
const [database] = replicas
t.teardown(async () => {
  for (const replica of replicas) await replica.close()
  await databases.drop()
})
const sql = asSuperuser(t, databases)

const system: Caller = { kind: 'system', request: 'test' }
const anonymous: Caller = { kind: 'anonymous', request: 'test' }
const later = () => new Date(Date.now() + 60_000)

const spent = (kind: SpentKind, id: string, { by = system, on = database } = {}) =>
  on!.inTransaction(by, (tx) => spend(tx, kind, id, later()))

t.test('of many that spend one id at once, on two replicas, one does', async (t) => {
  const tries = Array.from({ length: 8 }, (_, index) =>
    spent('proof', 'one', { on: replicas[index % 2] }),
  )
  t.equal((await Promise.all(tries)).filter((isFirst) => isFirst).length, 1)
})

t.test(
  'the same in one turn, beside the other, and the connection is left as it was',
  async (t) => {
    const tries = Array.from({ length: 8 }, (_, index) =>
      index < 4
        ? spendAtOnce(replicas[index % 2]!, 'proof', 'at once', later())
        : spent('proof', 'at once', { on: replicas[index % 2] }),
    )
    t.equal((await Promise.all(tries)).filter((isFirst) => isFirst).length, 1)
    const beyond = spendAtOnce(database!, 'proof', 'for ever', new Date(Date.now() + 90_000_000))
    await t.rejects(beyond, { code: '42501' }, 'under the same policy')
    t.ok(await spendAtOnce(database!, 'proof', 'after a fault', later()))
    const look = async () => {
      const [row] = await database!.inTransaction(
        anonymous,
        (tx) => tx.sql`select current_user as role`,
      )
      return row?.role
    }
    t.equal(await look(), 'intake_partner', 'nothing of the role is left')
  },
)

t.test('whoever is served spends, and an id is spent for all', async (t) => {
  t.ok(await spent('challenge', 'two', { by: anonymous }))
  t.notOk(await spent('challenge', 'two'))
  t.ok(await spent('assertion', 'two'), 'as another kind it is another id')
})

t.test('an id whose transaction is undone is unspent', async (t) => {
  const undone = database!.inTransaction(system, async (tx) => {
    await spend(tx, 'proof', 'three', later())
    throw new Error('undo')
  })
  await t.rejects(undone, { message: 'undo' })
  t.ok(await spent('proof', 'three'))
})

t.test('what expired five minutes ago is forgotten, and nothing else', async (t) => {
  await spent('proof', 'old')
  await spent('proof', 'young')
  const age = (interval: string) => sql`
    update spent_id set expires_at = now() - ${interval}::interval
    where ctid = (select max(ctid) from spent_id)`
  const [{ count: before = 0 } = {}] = await sql`select count(*)::int from spent_id`
  const left = async () => (await sql`select from spent_id`).length
  await age('4 minutes')
  await createForgetting(database!).run()
  t.equal(await left(), before, 'by the clock of a replica it may count still')
  await age('6 minutes')
  t.notOk(await createForgetting(database!).run(), 'nothing is left to do')
  t.equal(await left(), before - 1)
})
