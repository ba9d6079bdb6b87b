/** What was signed of a referral: by this a message about it is checked. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { ShownState } from '../referral/codes/state.ts'

/** A referral as its writer signed it, without anything that is sealed. */
export type SignedRow = {
  readonly id: string
  readonly organisationId: string | null
  readonly receiptHash: Uint8Array | null
  readonly state: ShownState
  /** Since when it is in that state. */
  readonly shownAt: string
  readonly header: Uint8Array
  readonly envelopeHash: Uint8Array
  readonly sealedHashes: Uint8Array
  readonly wrapHashes: Uint8Array
  readonly matchingHash: Uint8Array | null
  readonly signer: string
  readonly signature: Uint8Array
}

/** One referral, by its id or its reference, if the caller sees it at all. */
export async function selectSigned(
  tx: Tx,
  named: { readonly id: string } | { readonly reference: string },
): Promise<SignedRow | undefined> {
  const isNamed = 'id' in named ? tx.sql`id = ${named.id}` : tx.sql`reference = ${named.reference}`
  const [row] = await tx.sql<SignedRow[]>`
    select id, organisation_id as "organisationId", receipt_hash as "receiptHash", shown_state as state,
           ${iso(tx, 'shown_at')} as "shownAt", header,
           envelope_hash as "envelopeHash", sealed_hashes as "sealedHashes", wrap_hashes as "wrapHashes",
           matching_hash as "matchingHash", signer, signature
    from referral where ${isNamed}`
  return row
}

/** How a referral stands for its referrer. */
export type ShownRow = Pick<SignedRow, 'id' | 'state' | 'shownAt'>

/** What its referrer is shown of how it stands, at this statement. */
export async function selectShown(tx: Tx, id: string): Promise<ShownRow | undefined> {
  const [row] = await tx.sql<ShownRow[]>`
    select id, shown_state as state, ${iso(tx, 'shown_at')} as "shownAt" from referral where id = ${id}`
  return row
}

/** Has a referral come again in the feed of its organisation, as one that is shown otherwise. */
export async function showAgain(tx: Tx, id: string): Promise<void> {
  await tx.sql`
    update referral set shown_by = pg_current_xact_id()::text::bigint where id = ${id}`
}
