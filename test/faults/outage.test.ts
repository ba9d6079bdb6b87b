/**
 * Goal: whatever becomes of PostgreSQL, the service stays up, answers within ten seconds, acknowledges
 * nothing that may be lost, serves again by itself, and its log tells of an outage once.
 * Method: a PostgreSQL of this file's own, the service as a process; a table of named faults.
 */
import t, { type Test } from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { deployment, listening } from '../helpers/process.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { ownServer } from '../helpers/server.ts'

const server = await ownServer(t)
const { world, variables, sql } = await deployment(t, server)
const service = await listening(t, { ...variables, LOG_LEVEL: 'warn' })
const { clientId } = world.referring.lawFirm
const call = await callerOf(world, service.url, clientId)

/** What is promised of every answer, whatever the database does. */
const answerMsMax = 10_000

const submit = (envelope = sealed(world)) =>
  call('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
const ready = async () => (await fetch(`${service.url}/readyz`)).status

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const startedAt = performance.now()
  const value = await work
  return { value, ms: performance.now() - startedAt }
}

/** Waits, by asking, until the service says that it is ready; answers how long that was. */
async function untilReady(): Promise<number> {
  const startedAt = performance.now()
  while ((await ready()) !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
  return performance.now() - startedAt
}

/** That the other replicas are not heard is told of a connection of its own, which may be another way to the database. */
const hearingLines = ['the other replicas are not heard', 'the other replicas are heard again']

/** The lines of the log so far, without those; one that is half written is read when it is whole. */
const lines = () =>
  service
    .output()
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => !hearingLines.includes(msg))

/** Waits until the log says that the last outage is over. */
async function untilTold(): Promise<void> {
  while (lines().at(-1)?.msg !== 'the database answers again') {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const outageLines = ['the database does not answer', 'the database answers again']

type Fault = {
  readonly name: string
  break(): Promise<unknown>
  mend(): Promise<unknown>
  /** What a submission gets meanwhile. */
  readonly code: 'not-ready' | 'outcome-unknown'
}

async function setting(name: string, value: string): Promise<void> {
  await sql.unsafe(`alter system set ${name} = '${value}'`)
  await sql`select pg_reload_conf()`
  const isSet = async () => (await sql.unsafe(`show ${name}`))[0]?.[name] === value
  while (!(await isSet())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const faults: Fault[] = [
  { name: 'is stopped', break: server.stop, mend: server.start, code: 'not-ready' },
  { name: 'dies', break: server.kill, mend: server.start, code: 'not-ready' },
  { name: 'stands still', break: server.freeze, mend: server.thaw, code: 'not-ready' },
  {
    name: 'waits for a standby that is gone',
    break: () => setting('synchronous_standby_names', 'nobody'),
    mend: () => setting('synchronous_standby_names', ''),
    code: 'outcome-unknown',
  },
  {
    name: 'takes no writes',
    break: () => setting('default_transaction_read_only', 'on'),
    mend: async () => {
      await sql.unsafe('set default_transaction_read_only = off')
      await setting('default_transaction_read_only', 'off')
    },
    code: 'not-ready',
  },
  {
    name: 'lets nobody in',
    break: async () => {
      await sql`alter role intake_service connection limit 0`
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'intake_service'`
    },
    mend: () => sql`alter role intake_service connection limit -1`,
    code: 'not-ready',
  },
]

for (const { name, code, ...fault } of faults) {
  t.test(`a database that ${name} is told as such in time, and once`, async (t) => {
    await untilReady()
    const before = lines().length
    await fault.break()
    // Sealed before the clock runs: that takes this process's time, not the service's.
    const envelope = sealed(world)
    // More than there are connections: some wait for one.
    const more = Array.from({ length: 12 }, () => sealed(world))
    const answers = await Promise.all([
      timed(submit(envelope)),
      timed(fetch(`${service.url}/readyz`)),
      ...more.map((one) => timed(submit(one))),
    ])
    const [first, readyz, ...others] = answers
    t.equal(readyz!.value.status, 503)
    for (const { value, ms } of [first, ...others]) {
      t.equal(value!.status, 503)
      t.ok(ms < answerMsMax, `answered after ${Math.round(ms)} ms`)
    }
    t.ok(readyz!.ms < answerMsMax)
    t.match(first!.value, { body: { code, retry: 'later' } })
    t.equal((await fetch(`${service.url}/livez`)).status, 200)

    await fault.mend()
    t.comment(`ready ${Math.round(await untilReady())} ms after`)
    // A commit that hung stands by now, and the same bytes are no second referral.
    t.match((await submit(envelope)).status, /^20[01]$/)
    t.equal((await submit(envelope)).status, 200)
    await untilTold()
    t.same(
      lines()
        .slice(before)
        .map(({ msg }) => msg),
      outageLines,
    )
    await requireBalanced(sql)
  })
}

/** Submits without pause until `stop`, and remembers what was acknowledged. */
function load(t: Test, clients: number) {
  let isOver = false
  const acknowledged: string[] = []
  const late: number[] = []
  const client = async () => {
    while (!isOver) {
      const envelope = sealed(world)
      const { value, ms } = await timed(submit(envelope))
      if (value.status === 201) acknowledged.push(envelope.header.referralId)
      else t.equal(value.status, 503)
      if (ms > answerMsMax) late.push(ms)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, client))
  const stop = async () => {
    isOver = true
    await running
    return { acknowledged, late }
  }
  return { stop, count: () => acknowledged.length }
}

t.test('a database that restarts again and again under load ends no replica', async (t) => {
  const { stop, count } = load(t, 6)
  for (const end of [server.stop, server.kill, server.stop, server.kill, server.stop]) {
    const before = count()
    while (count() < before + 5) await new Promise((resolve) => setTimeout(resolve, 20))
    await end()
    await server.start()
    t.comment(`ready ${Math.round(await untilReady())} ms after`)
  }
  const { acknowledged, late } = await stop()
  t.equal(service.child.exitCode, null, 'it is up')
  t.same(late, [])
  const [row] = await sql`
    select count(*)::int as stored from referral where id = any (${acknowledged}::uuid[])`
  t.equal(row?.stored, acknowledged.length, 'nothing that was acknowledged is lost')
  t.equal(new Set(acknowledged).size, acknowledged.length)
  await untilTold()
  const said = new Set(lines().map(({ msg }) => msg))
  t.same([...said].sort(), outageLines.toSorted())
  await requireBalanced(sql)
})

t.test(
  'a service that is told to end in an outage ends, though refusals are not summed',
  async (t) => {
    await untilReady()
    const replica = await listening(t, { ...variables, LOG_LEVEL: 'warn' })
    t.equal((await fetch(`${replica.url}/v1/triage/claims`, { method: 'POST' })).status, 401)
    await server.stop()
    replica.child.kill('SIGTERM')
    t.equal(await replica.ended, 0)
    t.match(replica.output(), 'the sums of refusals were not written')
    await server.start()
    await untilReady()
    await untilTold()
  },
)

t.test('a commit that is on no standby is not acknowledged', async (t) => {
  await untilReady()
  await setting('synchronous_standby_names', 'nobody')
  const envelope = sealed(world)
  const sent = submit(envelope)
  const waiting = () => sql`
    select pg_cancel_backend(pid) from pg_stat_activity
    where usename = 'intake_service' and wait_event = 'SyncRep'`
  // Whoever gives up the wait for the standby lets the commit stand on this server alone.
  let cancelled = 0
  const answered = sent.then((answer) => {
    cancelled = -1
    return answer
  })
  for (let isOver = false; !isOver; isOver = cancelled < 0) {
    await waiting()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { status, body } = await answered
  t.equal(status, 503)
  t.match(body, { code: 'outcome-unknown' })
  const [row] = await sql`select entry_id from referral where id = ${envelope.header.referralId}`
  t.ok(row, 'though it stands')
  await setting('synchronous_standby_names', '')
  await untilReady()
  const again = await submit(envelope)
  t.equal(again.status, 200)
  t.equal(again.body.entryId, row?.entry_id)
})
