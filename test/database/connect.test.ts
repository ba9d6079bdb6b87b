/**
 * Goal: no wait for the database is without end, what was begun before its end is undone, and where there
 * are two hosts the one that serves is found.
 * Method: PostgreSQL behind ways that fall silent or are closed.
 */
import t, { type Test } from 'tap'
import type { Caller } from '../../src/caller.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { openSilence } from '../helpers/silence.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
t.teardown(() => databases.drop())
const sql = asSuperuser(t, databases)
const caller: Caller = { kind: 'system', request: 'test' }

function connected(t: Pick<Test, 'teardown'>, ports: number[], options = {}): Database {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  const url = databases.url.replace(/@[^/]+/, `@${hosts}`)
  const database = connect({ url, connectionsMax: 2, prepare: true, deadlineMs: 1_000, ...options })
  t.teardown(() => database.close())
  return database
}

async function way(t: Pick<Test, 'teardown'>) {
  const silence = await openSilence(databases.url)
  t.teardown(() => silence.close())
  return silence
}

const one = (database: Database) =>
  database.inTransaction(caller, async (tx) => (await tx.sql`select 1 as one`)[0]?.one)

t.test('a connection that falls silent is given up in time, and another serves', async (t) => {
  const silence = await way(t)
  const database = connected(t, [silence.port])
  t.equal(await one(database), 1)
  silence.fall()
  // Two connections, and two that wait for one.
  const tries = Array.from({ length: 4 }, () => one(database).catch((error: Error) => error))
  for (const error of await Promise.all(tries)) {
    t.match(error, { name: 'DatabaseAway', message: /within \d|became free in time/ })
    const [, ms = '0'] = /within ([\d.]+) ms/.exec(String(error)) ?? []
    t.ok(Number(ms) <= 1_000, 'what it waited is within its deadline')
  }
  silence.lift()
  t.equal(await one(database), 1)
})

t.test('what was not done in time is undone, and what waited behind it never begun', async (t) => {
  await sql`create table tried (n int)`
  await sql`grant insert on tried to intake_internal`
  const { port } = new URL(databases.url)
  const database = connected(t, [Number(port)], { connectionsMax: 1, deadlineMs: 800 })
  let wasBegun = false
  const slow = database.inTransaction(caller, async (tx) => {
    await tx.sql`insert into tried values (1)`
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  })
  const behind = database.inTransaction(
    caller,
    async () => {
      wasBegun = true
    },
    { deadlineMs: 200 },
  )
  await Promise.all([
    t.rejects(behind, { name: 'DatabaseAway', message: /became free/ }),
    t.rejects(slow, { name: 'DatabaseAway', message: /within/ }),
  ])
  t.equal(await one(database), 1, 'the place is free again')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  t.equal(wasBegun, false)
  t.same(await sql`select n from tried`, [])
})

t.test('what ends in the moment of its deadline is not committed and told as undone', async (t) => {
  await sql`create table narrow (n int)`
  await sql`grant insert on narrow to intake_internal`
  const { port } = new URL(databases.url)
  const database = connected(t, [Number(port)], { deadlineMs: 400 })
  const tries = Array.from({ length: 20 }, async (_, n) => {
    const act = database.inTransaction(caller, async (tx) => {
      await tx.sql`insert into narrow values (${n})`
      // Two timers that are due at once: that of the deadline is the elder.
      const ended = new Promise((resolve) => setTimeout(resolve, 450))
      const blockedUntil = performance.now() + 500
      while (performance.now() < blockedUntil);
      await ended
    })
    return act.then(
      () => 'done',
      ({ name }: Error) => name,
    )
  })
  const told = await Promise.all(tries)
  await new Promise((resolve) => setTimeout(resolve, 200))
  const kept = (await sql<{ n: number }[]>`select n from narrow`).map(({ n }) => n)
  t.same(
    kept.filter((n) => told[n] === 'DatabaseAway'),
    [],
  )
  t.ok(told.includes('DatabaseAway'))
})

t.test('the host that serves is found, and found again', async (t) => {
  const [first, second] = [await way(t), await way(t)]
  const database = connected(t, [first.port, second.port], { deadlineMs: 4_000 })
  t.equal(await one(database), 1)
  first.close()
  t.equal(await one(database), 1, 'and the caller does not notice')
  second.close()
  await t.rejects(one(database), { code: 'ECONNREFUSED' })
  const third = connected(t, [first.port, Number(new URL(databases.url).port)])
  t.equal(await one(third), 1, 'the first was never there')
})

t.test('a server that takes no writes is passed by', async (t) => {
  const seen: unknown[] = []
  const { port } = new URL(databases.url)
  const database = connected(t, [Number(port)], { onAway: (error: unknown) => seen.push(error) })
  const name = new URL(databases.url).pathname.slice(1)
  await sql`alter database ${sql(name)} set default_transaction_read_only = on`
  await t.rejects(one(database), { name: 'DatabaseAway', message: /no writes/ })
  await t.rejects(database.ping(), { name: 'DatabaseAway' })
  t.equal(seen.length, 2)
  await sql.unsafe(`set default_transaction_read_only = off; alter database ${name} reset all`)
  t.equal(await one(database), 1)
})

t.test('an address that is none is not connected to', (t) => {
  const options = { url: 'intake', connectionsMax: 1, prepare: true }
  t.throws(() => connect(options), /not a connection URI/)
  t.end()
})
