/**
 * Goal: a claim costs the same among a thousand items and among a million, whatever its key opens, and so does
 * a page of the list: they walk the order of the queue, and read no table and no index whole.
 * Method: the plans that PostgreSQL itself logs, on a queue of some thousand items, some of them joined: for
 * lists, before the tables have statistics; for claims, by a key that opens all, and by one that opens none.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { logPlans, plansIn } from '../helpers/plans.ts'
import { servicesOn, stage } from '../helpers/stage.ts'

const items = 5_000
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
      (id, case_id, referral_id, referral_ids, arrived_at, urgency, own_due_at, due_at)
    select gen_random_uuid(), gen_random_uuid(), id, array[id], now(), 'standard', due, due
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
  const expected = new Set(['triage_item_order', 'triage_item_merged'])
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
  const leasing = await plansOf('for update of item skip locked')
  t.ok(leasing.length >= 2 * claims)
  const read = leasing
    .flatMap(({ nodes }) => nodes)
    .filter((node) => ['triage_item', 'wrap'].includes(node['Relation Name'] ?? ''))
  t.same(
    read.filter((node) => node['Node Type'] === 'Seq Scan'),
    [],
  )
  t.ok(read.some((node) => node['Index Name'] === 'triage_item_order'))
})
