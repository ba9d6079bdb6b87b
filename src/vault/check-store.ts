/** What is stored, to be checked: read by ids, a little at a time. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { GrantRow } from './grant-store.ts'
import type { StoredGrant } from './grantsoundness.ts'
import type { Stored } from './soundness.ts'

/** A row of `referral`, as far as it never changes. */
export type StoredRow = Omit<Stored, 'compartments' | 'wraps' | 'grants'> & {
  readonly entryId: string
  /** The entry of its erasure. */
  readonly erasedBy: string | null
}

/** The next `count` referrals behind the id `after`. */
export function selectStored(tx: Tx, after: string, count: number) {
  return tx.sql<StoredRow[]>`
    select id, state = 'erased' as "isErased", organisation_id as "organisationId", receipt_hash as "receiptHash", reference,
           ${iso(tx, 'received_at')} as "receivedAt", header,
           keyset_version as "keysetVersion", signer, signature, envelope_hash as "envelopeHash",
           matching_hash as "matchingHash", sealed_hashes as "sealedHashes",
           wrap_hashes as "wrapHashes", supersedes, entry_id as "entryId",
           (select e.entry_id from erasure e where e.referral_id = id) as "erasedBy"
    from referral where id > ${after} order by id limit ${count}`
}

/** The wraps of sealing of `ids`; those that were granted are no part of what was sent. */
export function selectWraps({ sql }: Tx, ids: readonly string[]) {
  return sql<{ id: string; kid: string; encapsulated: Uint8Array; sealedKeys: Uint8Array }[]>`
    select referral_id as id, kid, encapsulated, sealed_keys as "sealedKeys"
    from wrap where referral_id = any (${ids as string[]}::uuid[]) and grant_signature is null`
}

/** A wrap that was granted, with its grant as it was signed. */
export type GrantedRow = GrantRow & Omit<StoredGrant, 'grant'> & { readonly id: string }

/** The wraps of `ids` that were granted, and have not ended. */
export function selectGranted(tx: Tx, ids: readonly string[]) {
  return tx.sql<GrantedRow[]>`
    select referral_id as id, kid, encapsulated, sealed_keys as "sealedKeys",
           granted_compartments as compartments, granted_by as "grantedBy", granted_at as at,
           granted_until as until, grant_signature as signature, ${iso(tx, 'ends_at')} as "endsAt"
    from wrap where referral_id = any (${ids as string[]}::uuid[]) and grant_signature is not null`
}

/** Those of `ids` that were erased. They stood in headers, and need not be ids. */
export async function selectErasedOf({ sql }: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select referral_id as id from erasure where referral_id::text = any (${ids as string[]}::text[])`
  return rows.map(({ id }) => id)
}

/** Those of `ids` that are not stored. */
export async function selectMissing({ sql }: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select distinct said.id from unnest(${ids as string[]}::uuid[]) as said (id)
    where not exists (select from referral r where r.id = said.id)`
  return rows.map(({ id }) => id)
}

/** How many referrals are stored. */
export async function countStored({ sql }: Tx): Promise<number> {
  const [row] = await sql<[{ count: number }]>`select count(*)::float8 as count from referral`
  return row.count
}
