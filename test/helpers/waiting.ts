/** To let somebody come to where it waits for a row that a test holds. */
import type postgres from 'postgres'

/** Waits, by asking, until so many of the service's statements wait for a lock. */
export async function untilWaiting(sql: postgres.Sql, count: number): Promise<void> {
  for (const end = Date.now() + 20_000; (await waiting(sql)) < count; ) {
    if (Date.now() > end) throw new Error(`not ${count} wait`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function waiting(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and usename = 'intake_service'
      and wait_event_type = 'Lock'`
  return row.count
}
