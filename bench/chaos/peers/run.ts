/**
 * The same storm over two libraries, each on a PostgreSQL of its own and in the process of its consumer, as it is
 * made to be used. Their defaults, but for what makes a sleeper lose its job within the time there is.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { makeWorkerUtils } from 'graphile-worker'
import { PgBoss } from 'pg-boss'
import postgres from 'postgres'
import { ownServer } from '../../../test/helpers/server.ts'
import { startCrew } from '../crew.ts'
import { readJournals } from '../journal.ts'
import { judge, type Kept } from '../judge.ts'
import type { Outcome } from '../ours.ts'
import { persistently, storm } from '../storm.ts'

/** The queue, or the task, that all jobs are of. */
const queue = 'work'

export type Peer = {
  /** With its version. */
  readonly name: string
  readonly script: string
  /** After its database and its queue. */
  readonly args: readonly string[]
  /** How long a sleeper sleeps before `meanwhile`: until its job is another's. */
  readonly sleepMs: number
  prepare(url: string): Promise<void>
  /** @returns the ids of the jobs */
  lay(url: string, count: number): Promise<string[]>
  /** Those of its jobs that are not completed. */
  open(sql: postgres.Sql): Promise<Set<string>>
  /** What gives the jobs of the dead and of sleepers to others, where that takes longer than there is. */
  recover(sql: postgres.Sql): Promise<void>
}

const versionOf = (name: string): string =>
  createRequire(import.meta.url)(
    join(import.meta.dirname, `../../../node_modules/${name}/package.json`),
  ).version

/** Ten seconds instead of fifteen minutes, looked after each second and not each minute, and more than two retries. */
const pgBoss = (by: 'id' | 'job'): Peer => ({
  name: `pg-boss ${versionOf('pg-boss')}, completed by ${by === 'id' ? 'id' : 'the fetched job'}`,
  script: join(import.meta.dirname, 'pgboss.ts'),
  args: [by],
  sleepMs: 16_000,
  async prepare(url) {
    await withBoss(url, (boss) =>
      boss.createQueue(queue, { expireInSeconds: 10, retryLimit: 1_000 }),
    )
  },
  async lay(url, count) {
    const jobs = Array.from({ length: count }, (_, number) => ({ data: { number } }))
    return withBoss(url, async (boss) => (await boss.insert(queue, jobs, { returnId: true })) ?? [])
  },
  async open(sql) {
    const rows = await sql<{ id: string }[]>`
      select id from pgboss.job where name = ${queue} and state <> 'completed'`
    return new Set(rows.map(({ id }) => id))
  },
  recover: async () => {},
})

/**
 * It gives up a lock after four hours, and looks for such each eight to ten minutes. Here it looks each one to two
 * seconds, and a lock of more than two seconds is made four hours older: nothing but a dead or a stopped
 * consumer holds one so long.
 */
const graphileWorker: Peer = {
  name: `graphile-worker ${versionOf('graphile-worker')}`,
  script: join(import.meta.dirname, 'graphile.ts'),
  args: [],
  sleepMs: 3_000,
  async prepare(url) {
    const utils = await makeWorkerUtils({ connectionString: url })
    await utils.migrate()
    await utils.release()
  },
  async lay(url, count) {
    const utils = await makeWorkerUtils({ connectionString: url })
    try {
      const specs = Array.from({ length: count }, (_, number) => ({
        ...{ identifier: queue, payload: { number }, maxAttempts: 1_000 },
      }))
      return (await utils.addJobs(specs)).map(({ id }) => id)
    } finally {
      await utils.release()
    }
  },
  async open(sql) {
    const rows = await sql<{ id: string }[]>`select id::text as id from graphile_worker.jobs`
    return new Set(rows.map(({ id }) => id))
  },
  async recover(sql) {
    await sql`
      update graphile_worker._private_jobs set locked_at = locked_at - interval '4 hours'
      where locked_at < now() - interval '2 seconds'`
    await wait(5_000)
  },
}

export const peers: readonly Peer[] = [pgBoss('id'), pgBoss('job'), graphileWorker]

type Closing = { teardown(close: () => unknown): void }

export async function runPeer(
  t: Closing,
  peer: Peer,
  { seconds, items }: { seconds: number; items: number },
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-chaos-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const server = await ownServer(t, { shared_buffers: '256MB', max_connections: '200' })
  const url = server.superuserUrl.replace(/\/intake$/, '/postgres')
  const sql = postgres(url, { max: 2, onnotice: () => {} })
  t.teardown(() => sql.end())
  await peer.prepare(url)
  const laid = new Set<string>()
  const more = async (count: number) => {
    for (const id of await peer.lay(url, count)) laid.add(id)
  }
  await more(items)
  const begun = performance.now()
  const crew = startCrew(peer.script, 6, (number) => {
    return [folder, `consumer-${number}`, url, queue, ...peer.args]
  })
  t.teardown(() => crew.end())
  const recover = () => persistently(() => peer.recover(sql))
  const kills = { PostgreSQL: 0 }
  const killDatabase = async () => {
    await server.kill('SIGKILL')
    await server.start()
    kills.PostgreSQL += 1
  }
  const sleep = (how: 'holding' | 'anywhere') => () => crew.sleep(how, peer.sleepMs, recover)
  await storm(
    [
      [2_000, crew.kill],
      [30_000, killDatabase],
      [1_000, sleep('holding')],
      [1_000, sleep('anywhere')],
    ],
    async () => {
      const open = (await persistently(() => peer.open(sql))).size
      const isOver = performance.now() - begun >= seconds * 1000
      if (!isOver && open < items / 4) await persistently(() => more(items / 4))
      return isOver && laid.size - open >= items
    },
  )
  let open = await persistently(() => peer.open(sql))
  for (const end = Date.now() + 120_000; open.size > 0 && Date.now() < end; await wait(500)) {
    await recover()
    open = await persistently(() => peer.open(sql))
  }
  const took = (performance.now() - begun) / 1000
  await crew.end()
  const journals = readJournals(folder)
  const ids = new Set([...laid, ...[...journals.values()].flat().map(({ item }) => item)])
  const kept = new Map<string, Kept>([...ids].map((id) => [id, { completed: !open.has(id) }]))
  return {
    verdict: judge(journals, kept),
    kills: { ...kills, consumers: crew.killed, slept: crew.slept, 'by itself': crew.failed },
    seconds: took,
    repeated: 0,
  }
}

async function withBoss<T>(url: string, act: (boss: PgBoss) => Promise<T>): Promise<T> {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  boss.on('error', () => {})
  await boss.start()
  try {
    return await act(boss)
  } finally {
    await boss.stop()
  }
}
