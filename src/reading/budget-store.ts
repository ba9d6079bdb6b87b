/** What each client has opened without a claim. */
import type { Tx } from '../database/connect.ts'

/** More than can be opened in an hour, and within an integer. */
const openingsMax = 1_000_000_000

/**
 * Counts one opening by a client, by the database's clock, whichever replicas it asks at once; unless `most` were counted in the
 * hour that began with the first of them.
 *
 * @returns in how many seconds the next may be, where it was not counted
 */
export async function countOpening(
  tx: Tx,
  clientId: string,
  most: number,
): Promise<number | undefined> {
  // Waits for another transaction of the same client, and for no other.
  const counted = await tx.sql`
    insert into opening_budget as spent (client_id, began_at, openings)
    values (${clientId}, now(), 1)
    on conflict (client_id) do update
      set (began_at, openings) = (
        select case when is_over then now() else spent.began_at end,
               case when is_over then 0 else spent.openings end + 1
        from (select spent.began_at <= now() - interval '1 hour') as at (is_over))
      where spent.began_at <= now() - interval '1 hour' or spent.openings < ${Math.min(most, openingsMax)}
    returning 1`
  if (counted.length === 1) return undefined
  // Of two at once the first may have begun a moment later.
  const [row] = await tx.sql<[{ seconds: number }]>`
    select least(3600, ceil(extract(epoch from began_at + interval '1 hour' - now())))::int as seconds
    from opening_budget where client_id = ${clientId}`
  return row.seconds
}
