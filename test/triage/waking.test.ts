/**
 * Goal: work wakes whoever waits for it, on any replica, by few notifications and none in an act; where none are heard
 * it is found all the same.
 * Method: the second replica does no background work, so only a notification tells it anything. A poll comes half a
 * second after a wait begins at the earliest, so what is answered sooner was woken. The server logs each statement.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { readPublicKey } from '../../src/access/token.ts'
import { connect } from '../../src/database/connect.ts'
import { joinReplicas } from '../../src/database/notify.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const pollMsMin = 500
const gapMs = 25
const claims = '/v1/triage/claims'

const built = await build(t)
const { world, url, databases } = built
const sql = asSuperuser(t, databases)
t.afterEach(() => requireBalanced(sql))
await sql.unsafe(
  `alter database ${new URL(databases.url).pathname.slice(1)} set log_statement = 'all'`,
)

const database = connect({ url: databases.url, connectionsMax: 10, prepare: true })
const idle = await createApp({
  ...{ database, origin: world.origin, sealKey, logger: createLogger('silent') },
  tokenPublicKey: await readPublicKey(join(built.folder, 'token-key.pem')),
  share: { requestsAtOnce: 1 },
})
const idleUrl = await idle.listen({ host: '127.0.0.1', port: 0 })

const told: string[] = []
const replicas = [built.database, database].map((each) =>
  joinReplicas({
    ...{ database: each, url: databases.url },
    onLost: () => told.push('lost'),
    onHeard: () => told.push('heard'),
  }),
)
t.teardown(async () => {
  for (const replica of replicas) replica.close()
  await idle.close()
  await database.close()
})

const here = await callerOf(world, url, world.clients.casework)
const there = await callerOf(world, idleUrl, world.clients.casework)
const { kid } = world.recipients.casework.receiving
const asked = { recipient: kid, max: 50, leaseSeconds: 3600, waitSeconds: 30 }

/** How many connections hear now. */
async function countListening(): Promise<number> {
  const rows = await sql`
    select from pg_stat_activity
    where datname = current_database() and state = 'idle'
      and query ~ '^(listen|notify) referral_intake_work'`
  return rows.length
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it did not come about within a minute')
}

/** Waits for work there, brings some here, and gives how long the wait took in all. */
async function timedWait(t: Test): Promise<number> {
  const begun = performance.now()
  const answer = there('POST', claims, asked)
  // Its place is free once the claim has looked, and waits.
  await there('GET', '/v1/triage/summary')
  const { referralId } = await refer(built)
  const { status, body } = await answer
  t.match({ status, body }, { status: 200, body: { claims: [{ referrals: [{ referralId }] }] } })
  return performance.now() - begun
}

/** The shortest of several: a slow machine may be slow at any of them. */
async function shortestWait(t: Test): Promise<number> {
  const times: number[] = []
  while (times.length < 9) times.push(await timedWait(t))
  return Math.min(...times)
}

t.test('a claim that waits on one replica is woken by the commit on another', async (t) => {
  await until(async () => (await countListening()) === 2)
  t.ok((await shortestWait(t)) < pollMsMin, 'before it could have looked by itself')
  t.same(told, [])
})

t.test('so are those that wait on the same replica, of each kind', async (t) => {
  const { next } = (await here('GET', '/v1/triage/changes')).body
  const times: number[] = []
  while (times.length < 9) {
    const begun = performance.now()
    const answers = [
      here('POST', claims, asked),
      here('GET', `/v1/triage/changes?since=${next}&waitSeconds=30`),
    ]
    await refer(built)
    await Promise.all(answers)
    times.push(performance.now() - begun)
  }
  t.ok(Math.min(...times) < pollMsMin)
})

t.test('a burst is told by few notifications, and each is a statement by itself', async (t) => {
  const heard: string[] = []
  const { unlisten } = await sql.listen('referral_intake_work', (from) => void heard.push(from))
  const begun = performance.now()
  await Promise.all(Array.from({ length: 40 }, () => refer(built)))
  const ms = performance.now() - begun
  const { body } = await here('POST', claims, { ...asked, waitSeconds: 0 })
  await until(async () => heard.length > 0)
  await unlisten()
  t.equal(body.claims.length, 40)
  t.ok(heard.length <= 2 + ms / gapMs, `${heard.length} in ${ms} ms`)

  const [{ folder }] = await sql<
    [{ folder: string }]
  >`select current_setting('data_directory') as folder`
  const log = await readFile(join(dirname(folder), 'postgres.log'), 'utf8')
  const lines = log
    .split('\n')
    .flatMap((line) => /\[(\d+)\] LOG: {2}(.*)/.exec(line)?.slice(1) ?? [])
  t.ok(lines.some((line) => line.startsWith('statement: notify referral_intake_work')))
  const notifying = log.matchAll(/\[(\d+)\] LOG: .*notify/gi)
  const begins = new Set(
    [...log.matchAll(/\[(\d+)\] LOG: .*statement: begin/g)].map(([, pid]) => pid),
  )
  t.same(
    [...notifying].filter(([, pid]) => begins.has(pid)),
    [],
    'no process that notifies has acts',
  )
})

t.test('a connection that is lost is made anew, and they hear each other again', async (t) => {
  const [{ ended }] = await sql<[{ ended: number }]>`
    select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity
    where datname = current_database() and query ~ '^(listen|notify) referral_intake_work'`
  t.equal(ended, 2)
  await until(async () => told.length === 4)
  t.ok((await shortestWait(t)) < pollMsMin)
  t.same(told.toSorted(), ['heard', 'heard', 'lost', 'lost'])
})
