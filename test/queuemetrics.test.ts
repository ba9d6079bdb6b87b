/**
 * Goal: each figure of the queue, of requests and of the database moves when it should, and tells nobody's name.
 * Method: a real service and its own scrape; the queue is counted when a test says so, by the step itself.
 */
import t from 'tap'
import { createMetrics, serveMetrics } from '../src/metrics.ts'
import { bankHolidays } from '../src/triage/bankholidays.ts'
import { createCounting } from '../src/triage/counting.ts'
import { requireBalanced } from './helpers/books.ts'
import { build } from './helpers/build.ts'
import { onDay } from './helpers/clock.ts'
import { callerOf, refer } from './helpers/referral.ts'
import { asSuperuser } from './helpers/superuser.ts'

const metrics = createMetrics()
const listener = await serveMetrics(metrics, 0)
t.teardown(listener.close)
const built = await build(t, { metrics })
const { world, url, database } = built
const sql = asSuperuser(t, built.databases)
const call = await callerOf(world, url, world.clients.casework)
const recipient = world.recipients.casework.receiving.kid

/** What is shown now, by name and labels. */
async function scrape() {
  const text = await (await fetch(`http://127.0.0.1:${listener.port}/metrics`)).text()
  const samples = text.split('\n').filter((line) => /^\w/.test(line))
  const shown = samples.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))])
  return Object.fromEntries(shown) as Record<string, number>
}

const counting = () =>
  createCounting(database, (queue) => metrics.background({ kind: 'queue', queue }))

/** The queue as a new count shows it. */
async function counted() {
  await counting().run()
  const shown = await scrape()
  const of = (labelled: string) => shown[`intake_triage_${labelled}`]
  return {
    waiting: of('items{state="waiting"}'),
    leased: of('items{state="leased"}'),
    escalated: of('items{state="escalated"}'),
    overdue: of('items_overdue'),
  }
}

/** For how many minutes the longest has waited, by urgency. */
async function waits() {
  const shown = await scrape()
  const minutes = (urgency: string) =>
    Math.floor(shown[`intake_triage_oldest_wait_seconds{urgency="${urgency}"}`]! / 60)
  return [minutes('immediate'), minutes('urgent'), minutes('soon'), minutes('standard')]
}

/** It arrived so long ago, by the row: no clock is moved. */
const age = (referralId: string, minutes: number) => sql`
  update triage_item
  set arrived_at = arrived_at - make_interval(mins => ${minutes}),
      own_due_at = own_due_at - make_interval(mins => ${minutes}),
      due_at = due_at - make_interval(mins => ${minutes})
  where referral_id = ${referralId}`

async function claims(rest: object = {}) {
  const body = { recipient, max: 1, leaseSeconds: 60, ...rest }
  return (await call('POST', '/v1/triage/claims', body)).body.claims
}

const complete = (claimId: string, body: object) =>
  call('POST', `/v1/triage/claims/${claimId}/completion`, body)

t.test('what is done with an item is seen, step by step', async (t) => {
  const first = await refer(built, undefined, { urgency: 'immediate' })
  const second = await refer(built, undefined, { urgency: 'soon' })
  await age(first.referralId, 70)
  await age(second.referralId, 30)
  t.same(await counted(), { waiting: 2, leased: 0, escalated: 0, overdue: 1 })
  t.same(await waits(), [70, 0, 30, 0])

  const [claim] = await claims()
  t.equal(claim.referrals[0].referralId, first.referralId)
  t.same(await counted(), { waiting: 1, leased: 1, escalated: 0, overdue: 0 })
  t.same(await waits(), [0, 0, 30, 0], 'who is held does not wait')

  await sql`update triage_item set leased_until = now() where id = ${claim.claimId}`
  t.same(await counted(), { waiting: 2, leased: 0, escalated: 0, overdue: 1 }, 'it has lapsed')
  t.equal((await scrape()).intake_triage_lapses_total, 0, 'and is not counted as a lapse yet')
  const [again] = await claims()
  t.equal(again.claimId, claim.claimId)
  t.match(await scrape(), {
    intake_triage_lapses_total: 1,
    intake_triage_claimed_items_total: 2,
    intake_triage_claim_duration_seconds_count: 2,
  })

  const late = { fence: claim.fence, outcome: 'accepted', referrals: [first.referralId] }
  const lost = 'intake_refusals_total{reason="lease-lost"}'
  t.equal((await scrape())[lost], 0)
  t.equal((await complete(claim.claimId, late)).body.code, 'lease-lost')
  t.equal((await scrape())[lost], 1)
  const completions = [{ claimId: claim.claimId, ...late }]
  await call('POST', '/v1/triage/completions', { completions })
  t.equal((await scrape())[lost], 2, 'and as one of several')

  const { fence } = again
  const unopenable = { fence, outcome: 'unopenable', referrals: [first.referralId] }
  t.equal((await complete(claim.claimId, unopenable)).status, 200)
  t.same(await counted(), { waiting: 1, leased: 0, escalated: 1, overdue: 0 })
  t.same(await waits(), [70, 0, 30, 0], 'who needs a person waits as well')

  for (const escalated of [true, false]) {
    const [{ claimId, fence, referrals }] = await claims({ escalated })
    const accepted = { fence, outcome: 'accepted', referrals: [referrals[0].referralId] }
    t.equal((await complete(claimId, accepted)).status, 200)
  }
  t.same(await claims(), [])
  t.same(await counted(), { waiting: 0, leased: 0, escalated: 0, overdue: 0 })
  t.same(await waits(), [0, 0, 0, 0])
  t.match(await scrape(), {
    intake_triage_claimed_items_total: 4,
    intake_triage_claim_duration_seconds_count: 5,
  })
  await requireBalanced(sql)
})

t.test('who is worked on with others waits by the own urgency, and is no item more', async (t) => {
  const head = await refer(built, undefined, { urgency: 'standard' })
  const member = await refer(built, undefined, { urgency: 'urgent' })
  await age(head.referralId, 20)
  await age(member.referralId, 45)
  await sql`
    update triage_item member
    set merged_into = head.id, case_id = head.case_id
    from triage_item head
    where head.referral_id = ${head.referralId} and member.referral_id = ${member.referralId}`
  t.same(await counted(), { waiting: 1, leased: 0, escalated: 0, overdue: 0 })
  t.same(await waits(), [0, 45, 0, 20])
  await sql`
    update triage_item set leased_until = now() + interval '1 minute'
    where referral_id = ${head.referralId}`
  t.same(await counted(), { waiting: 0, leased: 1, escalated: 0, overdue: 0 })
  t.same(await waits(), [0, 0, 0, 0])
  await sql`truncate triage_item`
})

t.test('the queue is counted once in a few seconds, and after a failure no sooner', async (t) => {
  let counts = 0
  const step = createCounting(database, () => {
    counts += 1
  })
  t.equal(await step.run(), false)
  t.equal(await step.run(), false)
  t.equal(counts, 1)
  const failing = createCounting(database, () => {
    throw new Error('as a database that takes too long')
  })
  await t.rejects(failing.run())
  await t.resolves(failing.run(), 'it did not count again')
  t.ok((await scrape()).intake_triage_counted_timestamp_seconds! > Date.now() / 1000 - 60)
})

t.test('a count that takes long comes the more seldom', async (t) => {
  const { now } = performance
  // The clock of this process only.
  let ahead = 0
  performance.now = () => now.call(performance) + ahead
  t.teardown(() => {
    performance.now = now
  })
  let counts = 0
  let takesMs = 0
  const step = createCounting(database, () => {
    counts += 1
    ahead += takesMs
  })
  const countsAfter = async (ms: number) => {
    ahead += ms
    await step.run()
    return counts
  }
  t.equal(await countsAfter(0), 1)
  t.equal(await countsAfter(2_000), 1)
  takesMs = 10_000
  t.equal(await countsAfter(4_000), 2)
  t.equal(await countsAfter(185_000), 2)
  t.equal(await countsAfter(60_000), 3)
})

t.test('a snapshot that is held is seen, with the rows that it keeps', async (t) => {
  const { referralId } = await refer(built)
  const shown = async () => {
    await counting().run()
    const { intake_database_oldest_snapshot_seconds: age, intake_triage_dead_rows: dead } =
      await scrape()
    return { age: age!, dead: dead! }
  }
  await sql.begin('isolation level repeatable read', async (reading) => {
    await reading`select from triage_item`
    const begun = performance.now()
    await sql`update triage_item set changed = true where referral_id = ${referralId}`
    await sql.begin((tx) => [tx`select pg_stat_force_next_flush()`, tx`select 1`])
    let now = await shown()
    while (now.age < 1 || now.dead === 0) now = await shown()
    t.ok(now.age <= (performance.now() - begun) / 1000 + 1)
  })
  while ((await shown()).age >= 1);
  t.pass('it is over')

  await sql`alter function oldest_snapshot_seconds owner to intake_sequencer`
  t.same((await shown()).age, Number.NaN, 'whoever may not see it does not say that there is none')
  await sql`alter function oldest_snapshot_seconds owner to intake_owner`
  t.equal(Number.isNaN((await shown()).age), false)
})

t.test('connections are counted that are in use, lie idle and are waited for', async (t) => {
  const { database_connections_max: max } = await pool()
  t.equal(max, 10)
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const caller = { kind: 'system', request: '' } as const
  let begun = 0
  const holding = Array.from({ length: 12 }, () =>
    database.inTransaction(caller, () => {
      begun += 1
      return gate
    }),
  )
  while (begun < 10) await new Promise((resolve) => setTimeout(resolve, 5))
  const busy = await pool()
  t.match(busy, { database_connections_in_use: 10, database_connections_idle: 0 })
  t.ok(busy.database_transactions_waiting! >= 2)
  open()
  await Promise.all(holding)
  let after = await pool()
  while (after.database_connections_in_use !== 0) after = await pool()
  t.match(after, { database_connections_idle: 10, database_transactions_waiting: 0 })

  async function pool() {
    const entries = Object.entries(await scrape()).filter(([name]) => /^intake_database/.test(name))
    return Object.fromEntries(entries.map(([name, value]) => [name.slice(7), value]))
  }
})

t.test('requests are counted by operation and class, and by nothing that was sent', async (t) => {
  const before = await scrape()
  await fetch(`${url}/livez`)
  await fetch(`${url}/v1/nothing/of-this-name?person=Okonkwo`)
  const after = await scrape()
  const rise = (labels: string) => {
    const name = `intake_request_duration_seconds_count{${labels}}`
    return after[name]! - (before[name] ?? 0)
  }
  t.equal(rise('operation="isAlive",status="2xx"'), 1)
  t.equal(rise('operation="none",status="4xx"'), 1)

  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId?: string }>>
  }
  const operations = Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  )
  const allowed = new RegExp(`^(${[...operations, 'none'].join('|')})$`)
  for (const name of Object.keys(after).filter((name) => name.includes('operation="'))) {
    t.match(name.match(/operation="([^"]*)"/)?.[1], allowed)
    t.match(name, /status="[2-5]xx"/)
  }
})

t.test('a year without bank holidays is seen', async (t) => {
  const known = Math.max(...Object.keys(bankHolidays).map(Number))
  const on = (day: string) => onDay(day, async () => (await scrape()).intake_holidays_missing)
  t.equal(await on(`${known}-10-01`), 0)
  t.equal(await on(`${known}-10-04`), 1)
})

t.test('an event loop that stood still is seen', async (t) => {
  await scrape()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const until = performance.now() + 300
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.ok((await scrape()).nodejs_eventloop_lag_max_seconds! >= 0.25)
})
