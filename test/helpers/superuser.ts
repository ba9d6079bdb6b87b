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

/**
 * How many rows each table holds; but for those that wait to be paired, which the loop takes away in
 * its own time. None of them is there without its referral.
 */
export async function census(sql: postgres.Sql): Promise<Record<string, number>> {
  const tables = (await tablesOf(sql)).filter((name) => name !== 'pairing')
  const counts = tables.map((name) => `(select count(*)::int from ${name}) as ${name}`)
  const [row] = await sql.unsafe(`select ${counts.join(', ')}`)
  return { ...row }
}

/** Waits, by asking, until no referral waits to be paired that is due. The loop of a service must run. */
export async function untilPaired(sql: postgres.Sql): Promise<void> {
  for (let waiting = 1; waiting > 0; ) {
    const [row] = await sql<[{ waiting: number }]>`
      select count(*)::int as waiting from pairing where not_before is null or not_before <= now()`
    waiting = row.waiting
  }
}
