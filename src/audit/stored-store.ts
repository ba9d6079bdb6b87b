/** What the log says was stored, and whether it says so in its tree: for whoever checks what is stored. */
import type { Tx } from '../database/connect.ts'
import { tileWidth } from '../protocol/log/tile.ts'

/** An entry, and the hash that stands in its place in the tree; whether it waits for one. */
export type Placed = {
  readonly id: string
  readonly leaf: Uint8Array
  readonly hash: Uint8Array | null
  readonly isWaiting: boolean
}

/** Where each of the entries stands, of those that are there. */
export function selectPlaces({ sql }: Tx, ids: readonly string[]): Promise<Placed[]> {
  return sql<Placed[]>`
    select e.id, e.leaf,
           substring(t.hashes from (i.index % ${tileWidth})::int * 32 + 1 for 32) as hash,
           i.entry_id is null and exists (
             select from audit_pending p where p.entry_id = e.id) as "isWaiting"
    from audit_entry e
    left join audit_index i on i.entry_id = e.id
    left join audit_tile t
      on t.log = i.log and t.level = 0 and t.n = i.index / ${tileWidth}
    where e.id = any (${ids as string[]}::uuid[])`
}

/** The next `count` entries by their ids, each with its leaf if that says that a referral was stored. */
export function selectSubmissions(
  { sql }: Tx,
  after: string,
  count: number,
): Promise<{ id: string; leaf: Uint8Array | null }[]> {
  // By the leaf, which the tree holds: the columns beside it only serve filters.
  return sql`
    select id, case when position('"action":"referral.submitted"'::bytea in leaf) > 0
                     and position('"outcome":"permitted"'::bytea in leaf) > 0 then leaf end as leaf
    from audit_entry where id > ${after} order by id limit ${count}`
}

/** The leaves of what is said of wraps that keys of these referrals gave up. */
export function selectGivenUp({ sql }: Tx, referralIds: readonly string[]) {
  return sql<{ leaf: Uint8Array }[]>`
    select leaf from audit_entry
    where object_id = any (${referralIds as string[]}::text[]) and action = 'wrap.deleted'
      and outcome = 'permitted'`
}

/** The entries of what was granted of these referrals, and taken away again: ids. */
export async function selectGrantActs(
  { sql }: Tx,
  referralIds: readonly string[],
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from audit_entry
    where object_id = any (${referralIds as string[]}::text[]) and outcome = 'permitted'
      and action in ('grant.given', 'grant.revoked', 'grant.ended', 'wrap.deleted')`
  return rows.map(({ id }) => id)
}

/** How many entries there are. */
export async function countAll({ sql }: Tx): Promise<number> {
  const [row] = await sql<[{ count: number }]>`select count(*)::float8 as count from audit_entry`
  return row.count
}
