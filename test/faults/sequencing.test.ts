/**
 * Goal: whatever dies while entries get their places, the log stays one log: no gap, no index twice, no
 * checkpoint that contradicts one that was seen, and nothing acknowledged or released without its entry.
 * Method: a table of deaths under load, each in its turn: `LOG_KILLS` of them, or each once. After each the log
 * is verified as it is served, against every checkpoint that was served meanwhile, and so are the books. Then a
 * database that is put back as it was.
 */
import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { OpenedCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { intake } from '../cli/run.ts'
import { requireBalanced, requireConsistent } from '../helpers/books.ts'
import { deployment, listening, type Service } from '../helpers/process.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { readCheckpoint, requireLog, served } from '../helpers/servedlog.ts'
import { ownServer } from '../helpers/server.ts'
import { holdTable, untilSequenced } from '../helpers/superuser.ts'

type Death = {
  readonly name: string
  readonly of: 'service' | 'database' | 'backend'
  /** It dies where it is about to write to this table. */
  readonly at?: string
  /** Another service gives places at the same time, and lives on. */
  readonly besideAnother?: true
}

const deaths: readonly Death[] = [
  { name: 'the service dies', of: 'service' },
  { name: 'PostgreSQL dies', of: 'database' },
  { name: 'the service dies before it gives indexes', of: 'service', at: 'audit_index' },
  { name: 'the service dies between indexes and tiles', of: 'service', at: 'audit_tile' },
  { name: 'the service dies between tiles and checkpoint', of: 'service', at: 'audit_log' },
  { name: 'its connection dies between tiles and checkpoint', of: 'backend', at: 'audit_log' },
  { name: 'one service of two dies', of: 'service', besideAnother: true },
]
const kills = Number(process.env.LOG_KILLS ?? deaths.length)

const server = await ownServer(t)
const { world, variables, sql, folder } = await deployment(t, server)
const token = await world.token(world.clients.auditor)
const recipient = world.recipients.casework.receiving.kid

const start = (name = 'own') =>
  listening(t, { ...variables, CHECKPOINT_FILE: join(folder, `checkpoint-${name}`) })

let service = await start()
while (!(await served(service.url, token)('checkpoint')))
  await new Promise((resolve) => setTimeout(resolve, 20))
/** Of every checkpoint that was served, those that the newest was not yet compared with. */
let seen: OpenedCheckpoint[] = []
const acknowledged = new Set<string>()
const released = new Set<string>()

/** Refers, claims and reads the checkpoint until told to stop, whatever it is answered. */
function load({ url }: Service, acts: number) {
  let isOver = false
  let count = 0
  let isUnder = () => {}
  const underLoad = new Promise<void>((resolve) => {
    isUnder = resolve
  })
  const client = async () => {
    const referring = await callerOf(world, url, world.referring.lawFirm.clientId)
    const working = await callerOf(world, url, world.clients.casework)
    while (!isOver) {
      const envelope = sealed(world)
      const { referralId } = envelope.header
      const put = await referring('PUT', `/v1/referrals/${referralId}`, envelope)
      if (put.status === 201) acknowledged.add(referralId)
      const claim = { recipient, max: 1, leaseSeconds: 600 }
      const { status, body } = await working('POST', '/v1/triage/claims', claim)
      if (status === 200) {
        for (const { referrals } of body.claims) released.add(referrals[0].referralId)
      }
      seen.push(await readCheckpoint(world, served(url, token)))
      count += 1
      if (count === acts) isUnder()
    }
  }
  // Who is cut off comes no more; the others see that it is over.
  const clients = Promise.allSettled([client(), client(), client()])
  return {
    underLoad: Promise.race([
      underLoad,
      clients.then((ended) => {
        throw new Error(
          `there is no load: ${ended.map((each) => ('reason' in each ? each.reason : 'over'))}`,
        )
      }),
    ]),
    async stop() {
      isOver = true
      await clients
    },
  }
}

/** The backends of the service that hold something up, or are held up, at a table that is held. */
async function heldBackends(): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and usename = 'intake_service' and wait_event_type = 'Lock'`
  return rows.map(({ pid }) => pid)
}

/** Lets it die as its row says, under load. */
async function die({ of, at, besideAnother }: Death): Promise<void> {
  const other = besideAnother ? await start('other') : undefined
  const loads = [service, ...(other ? [other] : [])].map((each) => load(each, 4))
  await Promise.all(loads.map(({ underLoad }) => underLoad))
  const hold = at === undefined ? undefined : await holdTable(sql, at)
  await hold?.blocked()
  if (of === 'database') await server.kill()
  if (of === 'service') service.child.kill('SIGKILL')
  if (of === 'backend') {
    for (const pid of await heldBackends()) await sql`select pg_terminate_backend(${pid})`
  }
  if (of === 'database') await server.start()
  await hold?.letGo()
  await Promise.all(loads.map(({ stop }) => stop()))
  if (of === 'service') {
    await service.ended
    service = await start()
  }
  other?.child.kill('SIGTERM')
  await other?.ended
}

/** Waits until the newest checkpoint is kept outside the database too: that is written after its commit. */
async function untilKept(): Promise<void> {
  for (;;) {
    const [{ checkpoint }] = await sql<[{ checkpoint: string }]>`
      select checkpoint from audit_log order by n desc limit 1`
    if ((await readFile(join(folder, 'checkpoint-own'), 'utf8')) === checkpoint) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function missing(ids: ReadonlySet<string>, from: ReadonlySet<string | undefined>): string[] {
  return [...ids].filter((id) => !from.has(id))
}

for (let kill = 0; kill < kills; kill += 1) {
  const death = deaths[kill % deaths.length]!
  t.test(
    `${death.name}: the log is whole, and continues all that was seen (${kill})`,
    async (t) => {
      await die(death)
      await untilSequenced(sql)
      const { checkpoint, said } = await requireLog(world, served(service.url, token), seen)
      seen = [checkpoint]
      await requireConsistent(sql)
      const permitted = (action: string) =>
        new Set(
          said
            .filter((leaf) => leaf.action === action && leaf.outcome === 'permitted')
            .map(({ object }) => object?.id),
        )
      t.same(
        missing(acknowledged, permitted('referral.submitted')),
        [],
        'acknowledged, and in the log',
      )
      t.same(missing(released, permitted('referral.opened')), [], 'released, and in the log')
    },
  )
}

t.test('a database that was put back stops until its log is restarted', async (t) => {
  const [{ data }] = await sql<[{ data: string }]>`select current_setting('data_directory') as data`
  const backup = `${data}-backup`
  await untilSequenced(sql)
  const before = await readCheckpoint(world, served(service.url, token))
  await server.stop()
  await cp(data, backup, { recursive: true })
  await server.start()
  const later = load(service, 4)
  await later.underLoad
  await later.stop()
  await untilSequenced(sql)
  await untilKept()
  service.child.kill('SIGKILL')
  await service.ended
  await server.stop()
  await rm(data, { recursive: true })
  await cp(backup, data, { recursive: true })
  await server.start()
  service = await start()
  const readyz = async () => {
    const answer = await fetch(`${service.url}/readyz`)
    return { status: answer.status, said: await answer.text() }
  }
  const until = async (status: number) => {
    for (;;) {
      const answer = await readyz()
      if (answer.status === status) return answer.said
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  t.match(await until(503), /it was set back/)
  const read = served(service.url, token)
  t.equal((await readCheckpoint(world, read)).size, before.size, 'nothing was signed')
  const host = {
    ...{ DATABASE_OWNER_URL: server.ownerUrl, ORIGIN: world.origin },
    CHECKPOINT_FILE: join(folder, 'checkpoint-own'),
  }
  const { code, err } = await intake(['admin', 'log', 'restart', '--reason', 'A restore'], host)
  t.equal(code, 0, err)
  await until(200)
  await untilSequenced(sql)
  const next = await requireLog(world, served(service.url, token, 2), [], 2)
  t.match(next.said[0], { action: 'log.restarted', object: { id: '1' } })
  await requireLog(world, read, [before])
  await requireBalanced(sql)
})
