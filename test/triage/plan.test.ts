/**
 * Goal: a claim costs the same among a thousand items and among a million, whatever its key opens, and so does
 * a page of the list: they walk the order of the queue, and read no table and no index whole.
 * Method: the plans that PostgreSQL itself logs, on a queue of ten thousand items, some of them joined: for
 * lists, before the tables have statistics; for claims, by a key that opens all, by one that opens none, and by
 * filters that fit some or none.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { Static } from 'typebox'
import { connect } from '../../src/database/connect.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { ClaimRequest as ClaimRequestSchema } from '../../src/triage/schemas.ts'
import { logPlans, plansIn } from '../helpers/plans.ts'
import { servicesOn, stage } from '../helpers/stage.ts'

type ClaimRequest = Static<typeof ClaimRequestSchema>

const items = 10_000
/** A prepared statement has its final plan after five (PostgreSQL 18, "PREPARE"). */
const claims = 12
const listed = 50

const staged = await stage(t)
const { sql, callers, world } = staged

/** Copies one referral so many times, each with an item; every tenth worked on as the one before. */
async function populate(): Promise<void> {
  const { referralId } = await staged.refer()
  await sql.unsafe(`alter table referral disable trigger all; alter table wrap disable trigger all`)
  // Statistics come when the test says so.
  await sql.unsafe(`alter table triage_item set (autovacuum_enabled = off)`)
  // What is generated cannot be inserted.
  const [written] = await sql<[{ columns: string }]>`
    select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
    where attrelid = 'referral'::regclass and attnum > 0 and attgenerated = ''`
  await sql`
    insert into referral (${sql.unsafe(written.columns)})
    select ${sql.unsafe(written.columns.replace(/\w+/g, 'made.$&'))}
    from generate_series(1, ${items}) number, referral r,
         jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'reference', number)) made
    where r.id = ${referralId}`
  await sql`
    insert into wrap
    select r.id, w.kid, w.encapsulated, w.sealed_keys
    from referral r join wrap w on w.referral_id = ${referralId} where r.id <> ${referralId}`
  await sql`
    insert into triage_item
      (id, case_id, referral_id, referral_ids, arrived_at, urgency, region, channel, own_due_at, due_at)
    select gen_random_uuid(), gen_random_uuid(), id, array[id], now(), 'standard',
           case when random() < 0.1 then 'kent' else 'heathrow' end, 'family_friend', due, due
    from (select id, now() + random() * interval '5 days' as due from referral
          where id <> ${referralId}) made`
  await sql`
    update triage_item item
    set merged_into = head.id, case_id = head.case_id
    from (select id, case_id, lead(id) over (order by id) as next,
                 row_number() over (order by id) as number from triage_item) head
    where item.id = head.next and head.number % 10 = 0`
  await sql`
    update triage_item item
    set referral_ids = item.referral_ids || member.referral_id
    from triage_item member where member.merged_into = item.id`
}

await populate()
await logPlans(sql)
const database = connect({ url: staged.databases.url, connectionsMax: 1, prepare: true })
t.teardown(() => database.close())
const { triage } = servicesOn(database, world.origin)
const { casework } = callers
const pid = await database.inTransaction(casework, async (tx) => {
  const [row] = await tx.sql<[{ pid: number }]>`select pg_backend_pid() as pid`
  return row.pid
})

/** The plans so far of the statements that hold these words. */
async function plansOf(words: string) {
  const [{ folder }] = await sql<[{ folder: string }]>`
    select current_setting('data_directory') as folder`
  const plans = plansIn(await readFile(join(dirname(folder), 'postgres.log'), 'utf8'), pid)
  return plans.filter(({ statement }) => statement.includes(words))
}

t.test('a list looks up what it shows, in tables without statistics as well', async (t) => {
  for (let count = 0; count < claims; count += 1) {
    const { items } = await triage.list(casework, { state: 'waiting', limit: listed })
    t.equal(items.length, listed)
  }
  const plans = await plansOf('order by item.due_at, item.id')
  t.ok(plans.length >= claims)
  const read = plans.flatMap(({ nodes }) => nodes).map((node) => node['Index Name'])
  const expected = new Set(['triage_item_order', 'triage_item_parked', 'triage_item_merged'])
  t.same(new Set(read.filter((name) => name?.startsWith('triage_item'))), expected)
})

t.test('a claim walks the queue by its index, also for a key that opens nothing', async (t) => {
  await sql`analyze`
  const kids = new Set(['none', ...casework.kids])
  for (const [recipient, expected] of [
    [[...casework.kids][0]!, 10],
    ['none', 0],
  ] as const) {
    for (let count = 0; count < claims; count += 1) {
      const request = { recipient, max: 10, leaseSeconds: 600 }
      const { claims: found } = await triage.claim({ ...casework, kids }, request)
      t.equal(found.length, expected)
    }
  }
  await requirePlans(t, 2 * claims, 'triage_item_order')
})

/** The last so many claims: each leases by this index, and reads no table whole, nor does what escalates before it. */
async function requirePlans(t: Test, count: number, index: string) {
  const plans = (await plansOf('for update of item skip locked')).slice(-2 * count)
  const leasing = plans.filter(({ statement }) => statement.includes('carried'))
  t.equal(leasing.length, count)
  t.equal(plans.length, 2 * count)
  const tables = ['triage_item', 'wrap', 'referral']
  const whole = plans
    .flatMap(({ nodes }) => nodes)
    .filter((node) => tables.includes(node['Relation Name'] ?? ''))
    .filter((node) => node['Node Type'] === 'Seq Scan')
  t.same(whole, [])
  t.ok(leasing.every(({ nodes }) => nodes.some((node) => node['Index Name'] === index)))
}

t.test('so does a claim by a filter, whether it fits some or none', async (t) => {
  const [recipient = ''] = casework.kids
  const day = new Date(Date.now() + 24 * 3_600_000).toISOString()
  const filters: [Partial<ClaimRequest>, number][] = [
    [{ regions: ['kent'] }, 10],
    [{ regions: ['lincoln'] }, 0],
    [{ urgencies: ['immediate'] }, 0],
    [{ organisations: [newId()], channels: ['family_friend'] }, 0],
    [{ dueBefore: day, regions: ['heathrow', 'kent'] }, 10],
    [{ unverified: false }, 10],
  ]
  for (const [filter, expected] of filters) {
    for (let count = 0; count < claims; count += 1) {
      const request = { recipient, max: 10, leaseSeconds: 600, ...filter }
      const { claims: found } = await triage.claim(casework, request)
      t.equal(found.length, expected)
    }
    await requirePlans(t, claims, 'triage_item_order')
  }
})

t.test('what is parked is in the way of no claim', async (t) => {
  await sql`
    update triage_item set park_reason = 'waiting_list'
    where id = any (array (
      select id from triage_item
      where leased_until is null and merged_into is null order by due_at limit 3000))`
  const [recipient = ''] = casework.kids
  for (let count = 0; count < claims; count += 1) {
    const { claims: found } = await triage.claim(casework, {
      recipient,
      max: 10,
      leaseSeconds: 600,
    })
    t.equal(found.length, 10)
  }
  await requirePlans(t, claims, 'triage_item_order')
  const walked = (await plansOf('carried')).slice(-claims).flatMap(({ nodes }) => nodes)
  const passed = walked.map((node) => node['Rows Removed by Filter'] ?? 0)
  t.ok(Math.max(...passed) < 3000, `${Math.max(...passed)} passed over`)
  await sql`update triage_item set park_reason = null`
})

t.test('where a claim walked over much, the next begin where it found something', async (t) => {
  const [recipient = ''] = casework.kids
  const request = { recipient, max: 1, leaseSeconds: 600 }
  async function claimOne() {
    const [claim] = (await triage.claim(casework, request)).claims
    return claim!
  }
  const first = await claimOne()
  await sql`
    update triage_item set leased_by = ${world.clients.clinic}, leased_until = now() + interval '1 hour'
    where id = any (array (
      select id from triage_item
      where leased_until is null and merged_into is null order by due_at limit 3000))`
  const byFloor = async () =>
    (await plansOf('carried')).filter(({ statement }) =>
      statement.includes('(item.due_at, item.id) >= ('),
    )
  // On a slow machine a while may pass between two.
  for (let count = 0; count < 100 && (await byFloor()).length === 0; count += 1) await claimOne()
  const [{ nodes = [] } = {}] = await byFloor()
  t.ok(nodes.some((node) => node['Index Name'] === 'triage_item_order'))
  t.ok(nodes.every((node) => (node['Rows Removed by Filter'] ?? 0) < 1000))

  const { claimId, fence } = first
  await triage.release(casework, { claimId, fence })
  t.equal((await claimOne()).claimId, claimId, 'what is given back is first at once')
  await claimOne()
  await sql`update triage_item set leased_until = now() where id = ${claimId}`
  let again = await claimOne()
  for (let count = 0; count < 1000 && again.claimId !== claimId; count += 1)
    again = await claimOne()
  t.equal(again.claimId, claimId, 'a lease that expired is found after a while')
  await sql`update triage_item set leased_by = null, leased_until = null where completed_at is null`
})

t.test('one case that is asked for is found by its id', async (t) => {
  const [recipient = ''] = casework.kids
  const cases = await sql<{ caseId: string }[]>`
    select case_id as "caseId" from triage_item
    where leased_until is null and merged_into is null limit ${claims}`
  for (const { caseId } of cases) {
    const request = { recipient, max: 1, leaseSeconds: 600, caseId }
    t.equal((await triage.claim(casework, request)).claims.length, 1)
  }
  await requirePlans(t, claims, 'triage_item_case')
})
