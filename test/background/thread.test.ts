/**
 * Goal: referrals are paired where nobody is answered, and whatever becomes of the thread that does it,
 * no referral stays unpaired.
 * Method: the service as a process of its own; its main thread held still, and its other thread
 * ended, by Node's inspector; a batch held up by a lock.
 */
import t, { type Test } from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { inspect, inspectable } from '../helpers/inspector.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { deployment, listening } from '../helpers/process.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { holdTable, untilPaired } from '../helpers/superuser.ts'

/** A service, and a person who is known to it. */
async function serving(t: Test, variables = {}) {
  const deployed = await deployment(t)
  const { world, sql } = deployed
  const service = await listening(t, { ...deployed.variables, ...variables }, inspectable)
  const person = stranger()
  const referring = (who = person) =>
    refer({ world, url: service.url }, undefined, { matching: matchingOf(who) })
  await referring()
  await untilPaired(sql)
  const cases = async () => {
    const rows = await sql`
      select count(*)::int as referrals from referral_case group by case_id order by 1`
    return rows.map(({ referrals }) => referrals)
  }
  const lines = () =>
    service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  return { ...deployed, service, person, referring, cases, lines }
}

/** Waits, by asking. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 10))
}

t.test('while the thread that answers stands still, referrals are paired', async (t) => {
  const { sql, service, referring, cases } = await serving(t)
  const inspector = await inspect(t, service)
  const holder = await sql.reserve()
  await holder`select pg_advisory_lock(hashtext('referral-intake cases'))`
  await referring()
  let answered = 0
  let livez: Promise<void> = Promise.resolve()
  await inspector.pause(() => {
    livez = fetch(`${service.url}/livez`).then(({ status }) => {
      answered = status
    })
  })
  t.same(await cases(), [1, 1])
  await holder`select pg_advisory_unlock(hashtext('referral-intake cases'))`
  holder.release()
  await untilPaired(sql)
  t.same(await cases(), [2])
  t.equal(answered, 0, 'nobody was answered meanwhile')
  await inspector.resume()
  await livez
  t.equal(answered, 200)
  await requireBalanced(sql)
})

t.test('a thread that dies in a batch is told of, and the next one does the batch', async (t) => {
  const { sql, service, referring, cases, lines } = await serving(t)
  const inspector = await inspect(t, service)
  const hold = await holdTable(sql, 'judgement')
  await referring()
  await hold.blocked()
  const fault = "throw Object.assign(new TypeError('Zuleika'), { code: 'E_TRIED' })"
  await inspector.runIn('background/worker.ts', `setImmediate(() => { ${fault} })`)
  await until(() => lines().length > 0)
  await referring()
  await hold.letGo()
  await untilPaired(sql)
  t.same(await cases(), [3], 'referrers were answered meanwhile')
  t.match(lines(), [
    {
      level: 50,
      err: { name: 'TypeError', code: 'E_TRIED' },
      msg: 'the background work ended, and starts again',
    },
  ])
  t.equal(lines().length, 1)
  t.notMatch(service.output(), /Zuleika|postgres:\/\//)
  await requireBalanced(sql)
})

t.test('a batch that does not end is cut, and its referral paired by another', async (t) => {
  const { sql, service, referring, cases } = await serving(t)
  const hold = await holdTable(sql, 'judgement')
  await referring()
  await hold.blocked()
  const [blocked] = await sql<[{ pid: number }]>`
    select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  // The database no longer answers the thread, nor refuses it.
  process.kill(blocked.pid, 'SIGSTOP')
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 0, 'before the whole drain is cut')
  process.kill(blocked.pid, 'SIGCONT')
  await hold.letGo()
  await until(async () => (await sql`select from pg_locks where pid = ${blocked.pid}`).length === 0)
  t.same(await cases(), [1, 1])
  const [row] = await sql`select count(*)::int as waiting from pairing`
  t.same(row, { waiting: 1 })
  await requireBalanced(sql)
})

t.test('on SIGTERM the batch that runs is ended, and no other begun', async (t) => {
  const { sql, service, referring, cases, lines } = await serving(t)
  const hold = await holdTable(sql, 'judgement')
  await referring()
  await hold.blocked()
  await referring()
  service.child.kill('SIGTERM')
  const refused = () =>
    fetch(`${service.url}/livez`).then(
      () => false,
      () => true,
    )
  await until(refused)
  t.equal(service.child.exitCode, null, 'it waits for the batch')
  await hold.letGo()
  t.equal(await service.ended, 0)
  t.same(await cases(), [1, 2])
  const [row] = await sql`
    select (select count(*)::int from pairing) as waiting,
           (select count(*)::int from pg_stat_activity
            where datname = current_database() and usename = 'intake_service') as connections`
  t.same(row, { waiting: 1, connections: 0 })
  t.same(lines(), [])
  await requireBalanced(sql)
})

t.test(
  'what fails in the thread is logged and counted by the service, without its words',
  async (t) => {
    const { sql, service, person, referring, cases, lines } = await serving(t, {
      ...{ LOG_LEVEL: 'info', METRICS_PORT: '0' },
    })
    await sql`alter table judgement add constraint tried check (basis <> 'keys') not valid`
    const { referralId } = await referring(person)
    const unpaired = () => lines().filter(({ level }) => level >= 50)
    await until(() => unpaired().length > 0)
    t.match(unpaired(), [
      {
        msg: 'a referral could not be paired',
        err: { code: '23514', constraint: 'tried', table: 'judgement', frames: [/^at /] },
      },
    ])
    t.notMatch(service.output(), new RegExp(referralId), 'the row, which the database quotes')
    const { metricsPort } = lines().find(({ msg }) => msg === 'started')
    let shown = ''
    await until(async () => {
      shown = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
      return shown.includes('intake_triage_items{')
    })
    t.match(shown, /^intake_pairing_failures_total 1$/m)
    const [, turned] =
      shown.match(/^intake_background_turn_timestamp_seconds\{step="pairing"\} (\S+)$/m) ?? []
    t.ok(Date.now() / 1000 - Number(turned) < 30, 'and that it goes on')
    t.match(shown, /^intake_triage_items\{state="waiting"\} [12]$/m, 'and counts the queue')
    t.same(await cases(), [1, 1])

    await sql`alter table judgement drop constraint tried`
    const due = () =>
      sql`update pairing set not_before = now() where not_before > now() returning 1`
    await until(async () => (await due()).length > 0)
    await untilPaired(sql)
    t.same(await cases(), [2])
  },
)

t.test('the one connection of a service is not taken from it by its background work', async (t) => {
  const { world, sql, service, referring } = await serving(t, { DATABASE_CONNECTIONS: '1' })
  const hold = await holdTable(sql, 'judgement')
  await referring()
  await hold.blocked()
  const call = await callerOf(world, service.url, world.clients.casework)
  const { body } = await call('GET', '/v1/triage/items?state=waiting&limit=200')
  t.equal(body.items.length, 2)
  await hold.letGo()
  await untilPaired(sql)
})
