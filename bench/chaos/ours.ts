/**
 * Our queue under kills: of consumers, of replicas, and of PostgreSQL, while consumers sleep through
 * their leases and then complete what they held.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type postgres from 'postgres'
import { requireConsistent } from '../../test/helpers/books.ts'
import { deployment, listening, type Service, type Variables } from '../../test/helpers/process.ts'
import { refer } from '../../test/helpers/referral.ts'
import { type OwnServer, ownServer } from '../../test/helpers/server.ts'
import { asSuperuser, untilSequenced } from '../../test/helpers/superuser.ts'
import type { Orders } from './consumer.ts'
import { startCrew } from './crew.ts'
import { readJournals } from './journal.ts'
import { judge, type Kept, type Verdict } from './judge.ts'
import { lay, type Original } from './lay.ts'
import { type Lane, persistently, storm } from './storm.ts'

export type Weather = {
  readonly seconds: number
  readonly items: number
  readonly consumers: number
  readonly batch: number
  /** How long a consumer may work on what somebody held before. */
  readonly againMs: number
  /** Consumers that sleep at a time. */
  readonly sleepers: number
  /** Between two kills of each kind. */
  readonly everyMs: Readonly<Record<'consumer' | 'replica' | 'database', number>>
  /** How long one sleeps; if left out, for a moment in which all leases are made to end. */
  readonly sleepMs?: number
  /** Of PostgreSQL, if not those of a fresh cluster. */
  readonly settings?: Readonly<Record<string, string>>
}

export type Outcome = {
  readonly verdict: Verdict
  readonly kills: Readonly<Record<string, number>>
  /** From the first claim to the last completion. */
  readonly seconds: number
  /** Of the log, of acts that were asked for again because their answer was lost. */
  readonly repeated: number
}

const leaseSeconds = 30
const urgencies = ['immediate', 'urgent', 'soon', 'standard'] as const

type Closing = { teardown(close: () => unknown): void }

/** Runs it on a PostgreSQL, replicas and consumers of its own. @throws if the books do not balance */
export async function weather(t: Closing, given: Weather): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-chaos-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const server = await ownServer(t, given.settings)
  const { world, variables, sql } = await deployment(t, server)
  const replicas = await startReplicas(t, { ...variables, ...budgets })
  const originals: Original[] = []
  for (const urgency of urgencies) {
    const sent = await refer({ world, url: replicas.urls[0]! }, undefined, { urgency })
    originals.push({ referralId: sent.referralId, urgency })
  }
  const more = (count: number) => lay(sql, world.referring.lawFirm, originals, count)
  await more(given.items - originals.length)
  await sql.unsafe('vacuum analyze')

  const workers = await Promise.all(
    (['casework', 'clinic'] as const).map(async (name) => {
      const recipient = world.recipients[name].receiving.kid
      return { recipient, token: await world.token(world.clients[name]) }
    }),
  )
  const begun = performance.now()
  const crew = startCrew(join(import.meta.dirname, 'consumer.ts'), given.consumers, (number) => {
    const { batch, againMs } = given
    const common = { urls: replicas.urls, batch, leaseSeconds, againMs }
    const orders: Orders = { ...common, ...workers[number % workers.length]! }
    return [folder, `consumer-${number}`, JSON.stringify(orders)]
  })
  t.teardown(() => crew.end())
  const kills = await run(given, { crew, server, replicas, sql, more })
  await persistently(() => untilDone(sql))
  const seconds = (performance.now() - begun) / 1000
  await crew.end()
  if (crew.failed > 0) throw new Error('a consumer ended by itself')
  const [fallen] = replicas.fallen
  if (fallen !== undefined) throw new Error(`a replica ended by itself: ${fallen}`)
  // A connection that the driver made anew still throws what its dead server said, at whichever query comes next.
  const judging = asSuperuser(t, server)
  await untilSequenced(judging, 600)
  await requireConsistent(judging)
  return {
    ...{ verdict: judge(readJournals(folder), await keptBy(judging)), kills, seconds },
    repeated: await countRepeated(judging),
  }
}

/** Less would measure the budget of a client, which all consumers of a recipient share here. */
const budgets = { CLIENT_REQUESTS_PER_MINUTE: '1000000', CLIENT_REQUESTS_AT_ONCE: '50' }

/** Two services on one database, each of which is started again where it listened. */
async function startReplicas(t: Closing, variables: Variables) {
  const killed = new Set<Service>()
  const fallen: string[] = []
  const start = async (port: string) => {
    const service = await listening(t, { ...variables, PORT: port })
    void service.ended.then(() => {
      if (!killed.has(service)) fallen.push(service.output().slice(-2_000))
    })
    return service
  }
  const services = [await start('0'), await start('0')]
  const urls = services.map(({ url }) => url)
  let next = 0
  return {
    urls,
    /** What those printed last that ended by themselves: there is none. */
    fallen,
    async kill() {
      const number = next++ % services.length
      const service = services[number]!
      killed.add(service)
      service.child.kill('SIGKILL')
      await service.ended
      const { port } = new URL(urls[number]!)
      // It does not start while the database is away.
      services[number] = await persistently(() => start(port))
    },
  }
}

type Running = {
  readonly crew: ReturnType<typeof startCrew>
  readonly server: OwnServer
  readonly replicas: Awaited<ReturnType<typeof startReplicas>>
  readonly sql: postgres.Sql
  readonly more: (count: number) => Promise<void>
}

/** Kills until the time is over and so many items are done. @returns how often each was killed */
async function run(given: Weather, running: Running): Promise<Outcome['kills']> {
  const { crew, server, replicas, sql, more } = running
  const kills = { replicas: 0, PostgreSQL: 0, backends: 0 }
  const begun = Date.now()
  const killReplica: Lane[1] = async () => {
    await replicas.kill()
    kills.replicas += 1
  }
  const killDatabase: Lane[1] = async () => {
    if (kills.PostgreSQL > kills.backends) {
      if (await killBackend(sql)) kills.backends += 1
      return
    }
    await server.kill('SIGKILL')
    await server.start()
    kills.PostgreSQL += 1
  }
  const { consumer, replica, database } = given.everyMs
  const sleeper = (number: number): Lane => [
    1_000,
    () => {
      const how = number % 2 === 0 ? 'holding' : 'anywhere'
      if (given.sleepMs !== undefined) return crew.sleep(how, given.sleepMs)
      return crew.sleep(how, 0, async () => {
        await persistently(() => endLeases(sql))
        await wait(given.againMs / 2)
      })
    },
  ]
  await storm(
    [
      [consumer, crew.kill],
      [replica, killReplica],
      [database, killDatabase],
      ...Array.from({ length: given.sleepers }, (_, number) => sleeper(number)),
    ],
    async () => {
      const { done, open } = await persistently(() => count(sql))
      const isOver = Date.now() - begun >= given.seconds * 1000
      // Who has nothing to do is not under load.
      if (!isOver && open < given.items / 20) await persistently(() => more(given.items / 10))
      return isOver && done >= given.items
    },
  )
  return { ...kills, consumers: crew.killed, slept: crew.slept }
}

/**
 * Kills the backend of one connection of the service: PostgreSQL then ends all others, and recovers.
 *
 * @returns whether there was one: it may have ended by itself meanwhile
 */
async function killBackend(sql: postgres.Sql): Promise<boolean> {
  const [backend] = await persistently(
    () => sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where usename = 'intake_service' order by state = 'active' desc, pid limit 1`,
  )
  if (!backend) return false
  try {
    return process.kill(backend.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Every lease ends now: what each holder does from here on is late, or too late. */
async function endLeases(sql: postgres.Sql): Promise<void> {
  await sql`
    update triage_item set leased_until = now() - interval '1 ms'
    where leased_until > now() and completed_at is null`
}

async function count(sql: postgres.Sql) {
  const [row] = await sql<{ done: number; open: number }[]>`
    select count(*) filter (where completed_at is not null)::int as done,
           count(*) filter (where completed_at is null)::int as open
    from triage_item`
  // The driver calls a query done, and gives no row, when its backend was killed at the right moment.
  if (!row) throw new Error('a count without a row')
  return row
}

/** Waits until consumers have completed all there is: what the dead held comes back when its lease ends. */
async function untilDone(sql: postgres.Sql): Promise<void> {
  const secondsMax = 10 * leaseSeconds
  for (const end = Date.now() + secondsMax * 1000; Date.now() < end; await wait(200)) {
    const { open } = await count(sql)
    if (open === 0) return
  }
}

/** What is kept of each item. The log is counted first: joined item by item, a million entries take hours. */
async function keptBy(sql: postgres.Sql): Promise<Map<string, Kept>> {
  await sql`analyze`
  const rows = await sql<
    { id: string; completed: boolean; fence: number; completions: number; claims: number }[]
  >`
    with logged as materialized (
      select e.object_id,
             count(*) filter (where e.action = 'triage.completed')::int as completions,
             count(*) filter (where e.action = 'triage.claimed')::int as claims
      from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.action in ('triage.completed', 'triage.claimed') and e.outcome = 'permitted'
        and not coalesce(o.details, '{}') ? 'repeated'
      group by e.object_id
    )
    select item.id, item.completed_at is not null as completed, item.fence::int - 1 as fence,
           coalesce(logged.completions, 0) as completions, coalesce(logged.claims, 0) as claims
    from triage_item item left join logged on logged.object_id = item.id::text`
  return new Map(
    rows.map(({ id, completed, fence, ...logged }) => [id, { completed, fence, logged }]),
  )
}

async function countRepeated(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<[{ repeated: number }]>`
    select count(*)::int as repeated
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action in ('triage.completed', 'triage.claimed') and o.details ->> 'repeated' = 'true'`
  return row.repeated
}
