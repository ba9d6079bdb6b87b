/** The hand of whoever holds the whole database: it ages rows, breaks things, and reads all. */
import postgres from 'postgres'
import type { Test } from 'tap'

/** Statements as PostgreSQL's superuser, until `t` ends. */
export function asSuperuser(
  t: Pick<Test, 'teardown'>,
  { superuserUrl }: { superuserUrl: string },
): postgres.Sql {
  const sql = postgres(superuserUrl, { max: 3, onnotice: () => {} })
  t.teardown(() => sql.end())
  return sql
}

/** The tables of the service, as PostgreSQL lists them: a new one is in every test at once. */
export async function tablesOf(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`
  return rows.map(({ name }) => name)
}

/** What the tree of the log is kept in: it follows the entries by itself. */
export const treeTables = ['audit_pending', 'audit_index', 'audit_tile', 'audit_log']

/** How many rows each table holds but those of the tree, once the work in the background is done. */
export async function census(sql: postgres.Sql): Promise<Record<string, number>> {
  await untilPaired(sql)
  const tables = (await tablesOf(sql)).filter((name) => !treeTables.includes(name))
  const counts = tables.map((name) => `(select count(*)::int from ${name}) as ${name}`)
  const [row] = await sql.unsafe(`select ${counts.join(', ')}`)
  return { ...row }
}

/** How many referrals wait to be paired that are due. */
export async function countUnpaired(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<[{ waiting: number }]>`
    select count(*)::int as waiting from pairing where not_before is null or not_before <= now()`
  return row.waiting
}

/**
 * Waits, by asking, until no referral that is due waits to be paired. The loop of a service must run.
 * Throws after `secondsMax`.
 */
export async function untilPaired(sql: postgres.Sql, secondsMax = 60): Promise<void> {
  for (const end = Date.now() + secondsMax * 1000; ; ) {
    const waiting = await countUnpaired(sql)
    if (waiting === 0) return
    if (Date.now() > end) throw new Error(`${waiting} referrals are still to be paired`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits, by asking, until the queue was told of every message. The loop of a service must run. */
export async function untilSettled(sql: postgres.Sql, secondsMax = 60): Promise<void> {
  for (const end = Date.now() + secondsMax * 1000; ; ) {
    const waiting = await sql`
      select from message where side = 'referrer' and settled_at is null limit 1`
    if (waiting.length === 0) return
    if (Date.now() > end) throw new Error('messages are still to be told to the queue')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits, by asking, until every entry of the log has its place. The loop of a service must run. */
export async function untilSequenced(sql: postgres.Sql, secondsMax = 60): Promise<void> {
  for (const end = Date.now() + secondsMax * 1000; ; ) {
    const waiting = await sql`select from audit_pending limit 1`
    if (waiting.length === 0) return
    if (Date.now() > end) throw new Error('entries of the log are still without a place')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits until no backend of a service that was killed is left: each undoes first what it had not committed. */
export async function untilLeft(sql: postgres.Sql): Promise<void> {
  for (let busy = 1; busy > 0; ) {
    const [row] = await sql`
      select count(*)::int as busy from pg_stat_activity
      where datname = current_database() and usename = 'intake_service'`
    busy = row?.busy
  }
}

/**
 * Holds up whoever writes to a table, until let go; `blocked` answers when so many wait, for it or for
 * another that does.
 */
export async function holdTable(sql: postgres.Sql, table: string) {
  let letGo = () => {}
  const gate = new Promise<void>((open) => {
    letGo = open
  })
  let ended: Promise<unknown> = Promise.resolve()
  await new Promise<void>((held, failed) => {
    ended = sql
      .begin(async (tx) => {
        await tx`lock table ${tx(table)} in share mode`
        held()
        await gate
      })
      .catch(failed)
  })
  const blocked = async (least = 1) => {
    for (let count = 0; count < least; ) {
      const rows = await sql`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      count = rows.length
    }
  }
  const release = () => {
    letGo()
    return ended
  }
  return { blocked, letGo: release }
}
