/** What each client has opened without a claim. */
import type { Tx } from '../database/connect.ts'

/** More than can be opened in an hour, and within an integer. */
const openingsMax = 1_000_000_000

/**
 * Counts one opening by a client in this hour of the database's clock, whichever replicas it asks at once. It is not counted where
 * that would be more than `most`.
 *
 * @returns whether it was counted
 */
export async function countOpening(tx: Tx, clientId: string, most: number): Promise<boolean> {
  // Waits for another transaction of the same client, and for no other.
  const rows = await tx.sql`
    insert into opening_budget as spent (client_id, hour, openings)
    values (${clientId}, date_trunc('hour', now(), 'UTC'), 1)
    on conflict (client_id) do update
      set hour = excluded.hour,
        openings = case when spent.hour = excluded.hour then spent.openings else 0 end + 1
      where spent.hour <> excluded.hour or spent.openings < ${Math.min(most, openingsMax)}
    returning 1`
  return rows.length === 1
}
