/** Which referrals of people without an account nobody has been handed yet. */
import type { Tx } from '../database/connect.ts'

/** What waits to be opened: in all, from one block, and from how many blocks. */
export type Unopened = { readonly total: number; readonly own: number; readonly blocks: number }

/** @param block - the mark of the block that it came from; none where people share an exit */
export async function insertUnopened(
  tx: Tx,
  referralId: string,
  block: Uint8Array | undefined,
): Promise<void> {
  await tx.sql`
    insert into unopened (referral_id, block) values (${referralId}, ${block ?? null})`
}

/** Forgets those of `ids`: they were handed out, or answered. */
export async function deleteUnopened(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.sql`delete from unopened where referral_id = any (${ids as string[]}::uuid[])`
}

/**
 * Reads every row: there are at most twice `UNOPENED_MAX`, and what a person set aside, which counts no longer. Who
 * set it aside says that nobody need open it, so it keeps nobody else out.
 */
export async function countUnopened(tx: Tx, block: Uint8Array | undefined): Promise<Unopened> {
  const [row] = await tx.sql<[Unopened]>`
    select count(*)::int as total, count(*) filter (where block = ${block ?? null}::bytea)::int as own,
           count(distinct block)::int as blocks
    from unopened
    where referral_id not in (
      select unnest(item.referral_ids) from triage_item item
      where item.completed_at is null and item.merged_into is null and item.park_reason is not null
        and item.park_reason = 'set_aside' and coalesce(item.parked_until > now(), true))`
  return row
}
