/** Which claim was made under which key, for a caller whose answer was lost. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { isOpenHead } from '../state.ts'
import { byDeadline, type ItemRow } from './claim.ts'
import { isUnverified, itemUrgency } from './columns.ts'

export type ClaimKey = { readonly clientId: string; readonly hash: Uint8Array }

/** What was claimed under a key: the request's hash, and each item with the fence that it was given. */
export type KeptClaim = {
  readonly bodyHash: Uint8Array
  readonly itemIds: readonly string[]
  readonly fences: readonly string[]
}

/** Waits for another claim under the same key, until this transaction ends. */
export async function lockKey(tx: Tx, { clientId, hash }: ClaimKey): Promise<void> {
  await tx.sql`
    select pg_advisory_xact_lock(hashtextextended(${clientId} || encode(${hash}::bytea, 'hex'), 0))`
}

/** A key counts until the leases that it was for would have ended. */
export async function selectKey(tx: Tx, { clientId, hash }: ClaimKey) {
  const [row] = await tx.sql<KeptClaim[]>`
    select body_hash as "bodyHash", item_ids as "itemIds", fences::text[] as fences
    from claim_key
    where client_id = ${clientId} and hash = ${hash} and expires_at > now()`
  return row
}

/** Keeps a claim; in the place of an earlier one whose leases have ended. */
export async function insertKey(
  tx: Tx,
  { clientId, hash }: ClaimKey,
  { bodyHash, itemIds, fences }: KeptClaim,
  leaseSeconds: number,
): Promise<void> {
  await tx.sql`
    insert into claim_key (client_id, hash, body_hash, item_ids, fences, expires_at)
    values (${clientId}, ${hash}, ${bodyHash}, ${itemIds as string[]}::uuid[],
            ${fences as string[]}::text[]::bigint[],
            date_trunc('milliseconds', now()) + make_interval(secs => ${leaseSeconds}))
    on conflict (client_id, hash) do update
    set body_hash = excluded.body_hash, item_ids = excluded.item_ids, fences = excluded.fences,
        expires_at = excluded.expires_at`
}

/** Of what was claimed the items that the client holds still, under the same fences. */
export async function selectStillHeld(
  tx: Tx,
  clientId: string,
  { itemIds, fences }: KeptClaim,
): Promise<ItemRow[]> {
  const rows = await tx.sql<ItemRow[]>`
    select item.id, item.case_id as "caseId", item.referral_ids as "referralIds", item.fence,
           ${itemUrgency(tx)} as urgency, ${isUnverified(tx)} as unverified,
           ${iso(tx, 'item.due_at')} as "dueAt", ${iso(tx, 'item.leased_until')} as "leasedUntil"
    from triage_item item
    where item.id = any (${itemIds as string[]}::uuid[])
      and item.fence = (${fences as string[]}::text[]::bigint[])[array_position(${itemIds as string[]}::uuid[], item.id)]
      and item.leased_by = ${clientId} and item.leased_until > now() and ${isOpenHead(tx)}`
  return byDeadline(rows)
}

/** Forgets at most `max` keys whose leases have ended; returns how many there were. */
export async function deleteExpiredKeys(tx: Tx, max: number): Promise<number> {
  const { count } = await tx.sql`
    delete from claim_key where ctid = any (array(
      select ctid from claim_key where expires_at < now() order by expires_at limit ${max}
      for update skip locked))`
  return count
}
