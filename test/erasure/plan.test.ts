/**
 * Goal: erasing one referral costs the same among a thousand and among a million: the referrals that amended it are found
 * by an index.
 * Method: the plans that PostgreSQL itself logs, among two thousand referrals, one of which amends what is erased.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { logPlans, plansIn } from '../helpers/plans.ts'
import { servicesOn, stage } from '../helpers/stage.ts'

const referrals = 2_000
/** A prepared statement has its final plan after five (PostgreSQL 18, "PREPARE"). */
const erasures = 7

t.test('no referral but the erased one and its amendment is looked at', async (t) => {
  const { sql, databases, callers, world, refer, pair } = await stage(t)
  const ids: string[] = []
  for (let count = 0; count < erasures; count += 1) ids.push((await refer()).referralId)
  const [supersedes = ''] = ids
  const { referralId: amendment } = await refer(undefined, { supersedes })
  await pair()
  await sql.unsafe('alter table referral disable trigger all')
  // What is generated cannot be inserted.
  const [written] = await sql<[{ columns: string }]>`
    select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
    where attrelid = 'referral'::regclass and attnum > 0 and attgenerated = ''`
  await sql`
    insert into referral (${sql.unsafe(written.columns)})
    select ${sql.unsafe(written.columns.replace(/\w+/g, 'made.$&'))}
    from (select number, gen_random_uuid() as by from generate_series(1, ${referrals}) number) other, referral r,
         jsonb_populate_record(r, jsonb_build_object(
           'id', gen_random_uuid(), 'reference', number, 'organisation_id', by, 'sender', by)) made
    where r.id = ${supersedes}`
  await sql.unsafe('alter table referral enable trigger all')
  await sql`vacuum analyze referral`
  await logPlans(sql)
  const database = connect({ url: databases.url, connectionsMax: 1, prepare: true })
  t.teardown(() => database.close())
  const { erasure } = servicesOn(database, world.origin)
  const pid = await database.inTransaction(callers.casework, async (tx) => {
    const [row] = await tx.sql<[{ pid: number }]>`select pg_backend_pid() as pid`
    return row.pid
  })
  for (const id of ids) await erasure.erase(callers.casework, id)
  const [left] = await sql`select supersedes, state from referral where id = ${amendment}`
  t.match(left, { supersedes: null, state: 'received' })

  const [{ folder }] = await sql<[{ folder: string }]>`
    select current_setting('data_directory') as folder`
  const plans = plansIn(await readFile(join(dirname(folder), 'postgres.log'), 'utf8'), pid)
  const unlinking = plans.filter(({ statement }) =>
    /update referral\s+set supersedes/.test(statement),
  )
  t.equal(unlinking.length, erasures)
  for (const { nodes } of unlinking) {
    const read = nodes.filter((node) => (node['Index Name'] ?? node['Relation Name']) !== undefined)
    const by = read.map((node) => node['Index Name'] ?? node['Node Type'])
    t.same(by.toSorted(), ['ModifyTable', 'referral_pkey', 'referral_supersedes'])
    const [condition] = read.flatMap((node) => {
      return node['Index Name'] === 'referral_supersedes' ? [node['Index Cond']] : []
    })
    t.match(condition, /sender = .* AND .*supersedes = /, 'at one place of it, and not all of it')
  }
})
