/** What is kept about referrals beside what was sealed, as a copy of their case holds it. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'

/** What recipients stated of the urgency of these referrals, in order. */
export async function selectStatements(tx: Tx, referralIds: readonly string[]) {
  return tx.sql<
    { referralId: string; urgency: Urgency; rules: number; at: string; signer: string }[]
  >`
    select referral_id as "referralId", urgency, rules, at, signer
    from urgency_statement where referral_id = any (${referralIds as string[]}::uuid[])
    order by stored_at, urgency`
}

/** What persons set of it, in order. */
export async function selectSettings(tx: Tx, referralIds: readonly string[]) {
  return tx.sql<{ referralId: string; urgency: Urgency; at: string; entryId: string }[]>`
    select referral_id as "referralId", urgency, ${iso(tx, 'set_at')} as at, entry_id as "entryId"
    from urgency_setting where referral_id = any (${referralIds as string[]}::uuid[])
    order by set_at, entry_id`
}

/** Their sealed files, whole or begun. */
export async function selectDocuments(tx: Tx, referralIds: readonly string[]) {
  return tx.sql<{ referralId: string; documentId: string; bytes: number; isStored: boolean }[]>`
    select referral_id as "referralId", id as "documentId", bytes::float8 as bytes,
           stored_at is not null as "isStored"
    from document where referral_id = any (${referralIds as string[]}::uuid[])
    order by begun_at, id`
}
