/** Instants as they are sent: text in UTC, to the millisecond. */
import type { Tx } from './connect.ts'

/** A column of an instant, such as `item.due_at`, as text; NULL stays NULL. */
export function iso(tx: Pick<Tx, 'sql'>, column: string) {
  return tx.sql`to_char(${tx.sql(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
