/** A queue to measure on: copies of one referral that was really sealed, each with an item of its own. */
import postgres from 'postgres'
import { untilPaired } from '../../test/helpers/superuser.ts'
import { putAll } from '../intake/load.ts'
import { type Stage, sealer } from '../intake/stage.ts'

export type Queue = {
  readonly sql: postgres.Sql
  /** Adds so many items that are due after all others; `slim` ones hold next to no bytes. */
  fill(count: number, slim?: boolean): Promise<void>
  /** The next `count` items in the order of the queue. */
  next(count: number): Promise<string[]>
  /** Leaves no open item, and no rows of the ended ones. */
  empty(): Promise<void>
  close(): Promise<void>
}

/** Of a slim copy each of these is an empty object. */
const written = ['header', 'sealed_hashes', 'wrap_hashes']

/** As the superuser, with no trigger of a foreign key: what is copied was checked when it was stored. */
export async function startQueue(stage: Stage, serviceUrl: string): Promise<Queue> {
  const sql = postgres(stage.superuserUrl, { max: 1, onnotice: () => {} })
  const seal = await sealer(stage.world)
  const body = seal()
  await putAll(
    serviceUrl,
    await stage.world.token(stage.world.referring.lawFirm.clientId),
    [body],
    1,
  )
  await untilPaired(sql)
  const columns = await sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = 'referral'::regclass and attnum > 0 and attgenerated = ''`
  await sql`create unlogged table bench_made (id uuid, number bigint)`
  await sql`create sequence bench_number`

  async function fill(count: number, slim = false) {
    const values = columns.map(({ name }) => {
      if (name === 'id') return 'made.id'
      if (name === 'reference') return `'bench ' || made.number`
      return slim && written.includes(name) ? `'{}'::bytea` : `r.${name}`
    })
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`truncate bench_made`
      await tx`
        insert into bench_made
        select gen_random_uuid(), nextval('bench_number') from generate_series(1, ${count})`
      await tx.unsafe(`
        insert into referral (${columns.map(({ name }) => name).join(', ')})
        select ${values.join(', ')} from bench_made made, referral r where r.id = '${body.id}'`)
      await tx`
        insert into wrap
        select made.id, w.kid, case when ${slim} then '\\x00'::bytea else w.encapsulated end, w.sealed_keys
        from bench_made made, wrap w where w.referral_id = ${body.id}`
      if (!slim) {
        await tx`
          insert into compartment
          select made.id, c.names, c.sealed from bench_made made, compartment c
          where c.referral_id = ${body.id}`
      }
      await tx`
        insert into triage_item
          (id, case_id, referral_id, referral_ids, arrived_at, urgency, region, channel,
           organisation_id, own_due_at, due_at)
        select gen_random_uuid(), gen_random_uuid(), made.id, array[made.id], now(), i.urgency, i.region,
               i.channel, i.organisation_id, due.at, due.at
        from bench_made made, triage_item i,
             lateral (select timestamptz '2020-01-01' + made.number * interval '1 ms' as at) due
        where i.referral_id = ${body.id}`
    })
    await sql`vacuum analyze triage_item, referral, wrap, compartment`
  }

  return {
    sql,
    fill,
    async next(count) {
      const rows = await sql<{ id: string }[]>`
        select id from triage_item where completed_at is null and merged_into is null
        order by due_at, triage_item.id limit ${count}`
      return rows.map(({ id }) => id)
    },
    async empty() {
      await sql.begin(async (tx) => {
        await tx`set local session_replication_role = replica`
        await tx`delete from triage_item where referral_id <> ${body.id}`
        await tx`update triage_item set completed_at = now()`
      })
      await sql`vacuum full triage_item`
      await sql`truncate triage_change`
    },
    close: () => sql.end(),
  }
}
