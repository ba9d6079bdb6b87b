/**
 * Goal: the entries that name an object are found by indexes, whether they are about it or their acts
 * name it, however long the log.
 * Method: the plans that PostgreSQL itself logs, on a log of some thousand entries with acts.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type postgres from 'postgres'
import t from 'tap'
import type { KnownCaller } from '../../src/caller.ts'
import { connect } from '../../src/database/connect.ts'
import { writeCursor } from '../../src/database/page.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { logPlans, plansIn } from '../helpers/plans.ts'
import { servicesOn, stage } from '../helpers/stage.ts'

const entries = 10_000
/** A prepared statement has its final plan after five (PostgreSQL 18, "PREPARE"). */
const searches = 6

t.test('the entries that name an object are found by indexes', async (t) => {
  const { sql, databases, callers, world } = await stage(t)
  const named = newId()
  await sql`
    with made as (
      insert into audit_entry (id, at, action, outcome, object_id, leaf)
      select gen_random_uuid(), now() - number * interval '1 second', 'referral.paired', 'permitted',
             gen_random_uuid()::text, ''
      from generate_series(1, ${entries}) number
      returning id)
    insert into audit_opening (entry_id, details)
    select id, jsonb_build_object('acts', jsonb_build_array(jsonb_build_object(
             'act', 'merged', 'referral', gen_random_uuid(), 'with', gen_random_uuid(),
             'case', case when row_number() over (order by id) = 1
                          then ${named} else gen_random_uuid()::text end)))
    from made`
  await fillWraps(sql)
  // What an index of this kind has not sorted in yet, it does then.
  await sql`vacuum analyze`
  await logPlans(sql)
  const database = connect({ url: databases.url, connectionsMax: 1, prepare: true })
  t.teardown(() => database.close())
  const { audit } = servicesOn(database, world.origin)
  const auditor: KnownCaller = { ...callers.casework, kind: 'auditor' }
  const pid = await database.inTransaction(auditor, async (tx) => {
    const [row] = await tx.sql<[{ pid: number }]>`select pg_backend_pid() as pid`
    return row.pid
  })
  for (let count = 0; count < searches; count += 1) {
    const found = await audit.list(auditor, { object: named }, 50)
    t.match(found.entries, [{ action: 'referral.paired' }])
    t.equal(found.entries.length, 1)
    await audit.list(auditor, { outcome: 'refused' }, 50)
    await audit.list(auditor, { action: 'keyset.published' }, 50)
    const cursor = writeCursor({ at: new Date().toISOString(), id: referralIdOf(entries / 2) })
    const page = await audit.exposure(auditor, { kid, cursor }, 50)
    t.equal(page.referrals[0]?.referralId, referralIdOf(entries / 2 + 1))
    await audit.list(auditor, { actor: named, outcome: 'failed' }, 50)
    await audit.list(auditor, { organisation: named, outcome: 'failed' }, 50)
  }
  const [{ folder }] = await sql<[{ folder: string }]>`
    select current_setting('data_directory') as folder`
  const plans = plansIn(await readFile(join(dirname(folder), 'postgres.log'), 'utf8'), pid)
  const searching = plans.filter(({ statement }) => statement.includes('jsonb_path_query_array'))
  t.ok(searching.length >= searches)
  for (const { nodes } of searching) {
    t.same(
      nodes.filter((node) => node['Node Type'] === 'Seq Scan'),
      [],
    )
    const indexes = new Set(nodes.map((node) => node['Index Name']))
    t.ok(indexes.has('audit_opening_acts') && indexes.has('audit_entry_object'))
    t.notOk(indexes.has('audit_entry_at'), 'nor is the log walked by time')
  }
  for (const [condition, index] of [
    [`e.outcome = 'refused'`, 'audit_entry_refused'],
    [`e.action = 'keyset.published'`, 'audit_entry_rare'],
    ['o.client_id = ', 'audit_opening_client_refused'],
    ['o.organisation_id = ', 'audit_opening_organisation_refused'],
  ] as const) {
    const rare = plans.filter(({ statement }) => statement.includes(condition))
    t.equal(rare.length, searches)
    for (const { nodes } of rare) {
      t.ok(
        nodes.some((node) => node['Index Name'] === index),
        condition,
      )
    }
  }
  const opened = plans.filter(({ statement }) => statement.includes('unnest('))
  t.ok(opened.length >= searches)
  for (const { nodes } of opened) {
    const reads = nodes.filter((node) => node['Index Name'] ?? node['Relation Name'])
    const by = reads.map((node) => node['Index Name'] ?? node['Node Type'])
    t.same(by.sort(), ['referral_pkey', 'wrap_kid'], 'a page is read by its own wraps')
  }
})

const kid = 'A'.repeat(22)

/** The id of the referral of this number, which is its place among them. */
const referralIdOf = (number: number) =>
  `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`

/** As many referrals as entries, sealed to one key, and as little of each as the tables take. */
async function fillWraps(sql: postgres.Sql): Promise<void> {
  const id = `('01890000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid`
  const bytes = ['header', 'signature', 'envelope_hash', 'sealed_hashes', 'wrap_hashes']
  await sql.unsafe(`
    insert into referral (id, organisation_id, reference, received_at, state, keyset_version, signer,
                          entry_id, ${bytes})
    select ${id}, (select min(id::text)::uuid from organisation), lpad(n::text, 8, '0'), now(), 'received', 1, '',
           gen_random_uuid(), ${bytes.map((name) => (name === 'header' ? "'{}'" : "''"))}
    from generate_series(1, ${entries}) n;
    insert into wrap select ${id}, '${kid}', '', '' from generate_series(1, ${entries}) n`)
}
