/**
 * Goal: work wakes whoever waits for it, on any replica, by few notifications and none in an act; where none are heard
 * it is found all the same.
 * Method: the second replica does no background work, so only a notification tells it anything. A poll comes half a
 * second after a lone wait begins at the earliest, so what is answered sooner was woken. The server logs each statement.
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
    onDeaf: () => told.push('deaf'),
  }),
)
t.teardown(async () => {
  for (const replica of replicas) replica.close()
  await idle.close()
  await database.close()
})

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

/** Whoever waits on the second replica for work, or for changes. */
const waits = {
  claim: () => there('POST', claims, asked),
  changes: async () => {
    let { next } = (await there('GET', '/v1/triage/changes')).body
    for (;;) {
      const { status, body } = await there('GET', `/v1/triage/changes?since=${next}&waitSeconds=30`)
      // What was claimed before comes after as well, where another transaction was still open.
      const changes = body.changes?.filter(({ type }: { type: string }) => type === 'opened')
      if (changes?.length !== 0) return { status, body: { changes } }
      next = body.next
    }
  },
}

/** The shortest wait of several, because a slow machine may be slow at any of them. @param at - who takes work in */
async function shortestWait(t: Test, kind: keyof typeof waits, at: string): Promise<number> {
  const times: number[] = []
  while (times.length < 5) {
    // Nothing else is to be found.
    await there('POST', claims, { ...asked, waitSeconds: 0 })
    const begun = performance.now()
    const answer = waits[kind]()
    // The place of whoever waits is free once it has looked.
    for (let n = 0; n < 3; n += 1) await there('GET', '/v1/triage/summary')
    await refer({ world, url: at })
    const { status, body } = await answer
    t.equal(status, 200)
    t.equal((body.claims ?? body.changes).length, 1)
    times.push(performance.now() - begun)
  }
  return Math.min(...times)
}

for (const kind of ['claim', 'changes'] as const) {
  t.test(
    `whoever waits is woken by the commit, on the same replica and on another: ${kind}`,
    async (t) => {
      await until(async () => (await countListening()) === 2)
      for (const at of [url, idleUrl]) {
        t.ok((await shortestWait(t, kind, at)) < pollMsMin, 'before it could have looked by itself')
      }
      t.same(told, [])
    },
  )
}

t.test('a burst is told by few notifications, and each is a statement by itself', async (t) => {
  const heard: string[] = []
  const { unlisten } = await sql.listen('referral_intake_work', (from) => void heard.push(from))
  const begun = performance.now()
  while (performance.now() - begun < 500) {
    built.database.announced(true)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const ms = performance.now() - begun
  await unlisten()
  t.ok(heard.length > 0 && heard.length <= 2 + ms / gapMs, `${heard.length} in ${ms} ms`)

  const [{ folder }] = await sql<
    [{ folder: string }]
  >`select current_setting('data_directory') as folder`
  const log = await readFile(join(dirname(folder), 'postgres.log'), 'utf8')
  const notifying = [...log.matchAll(/\[(\d+)\] LOG: .*notify/gi)]
  t.ok(notifying.length > 0)
  const begins = new Set(
    [...log.matchAll(/\[(\d+)\] LOG: .*statement: begin/g)].map(([, pid]) => pid),
  )
  t.ok(begins.size > 0)
  t.same(
    notifying.filter(([, pid]) => begins.has(pid)),
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
  t.ok((await shortestWait(t, 'claim', url)) < pollMsMin)
  t.same(told.toSorted(), ['heard', 'heard', 'lost', 'lost'])
})
