import type { Sender } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import { bytesArray } from '../database/types.ts'
import type { CheckedEnvelope } from '../protocol/envelope/check.ts'
import type { ShownState } from '../referral/codes/state.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import { unreadOf } from './state-store.ts'

export type NewReferral = {
  readonly checked: CheckedEnvelope
  readonly sender: Sender
  readonly reference: string
  readonly entryId: string
}

/** Two statements that go out together: the referral, then its compartments with its wraps. */
export async function insertReferral(tx: Tx, { checked, ...made }: NewReferral): Promise<void> {
  const { header, compartments, wraps } = checked
  const { referralId } = header
  await Promise.all([
    tx.sql`insert into referral ${tx.sql({
      id: referralId,
      organisation_id: made.sender.kind === 'organisation' ? made.sender.id : null,
      receipt_hash: checked.receipt ?? null,
      reference: made.reference,
      received_at: tx.now.toISOString(),
      state: 'received',
      header: checked.headerBytes,
      keyset_version: header.keyset.version,
      signer: checked.signer,
      signature: checked.signature,
      envelope_hash: checked.envelopeHash,
      sealed_hashes: checked.sealedHashesBytes,
      wrap_hashes: checked.wrapHashesBytes,
      matching_hash: checked.matchingHash ?? null,
      supersedes: header.supersedes ?? null,
      entry_id: made.entryId,
    })}`,
    tx.sql`
      with parts as (
        insert into compartment (referral_id, names, sealed)
        values (${referralId}, ${compartments.map(({ name }) => name)}::text[],
                ${bytesArray(compartments.map(({ sealed }) => sealed))}::bytea[]))
      insert into wrap ${tx.sql(
        wraps.map(({ kid, encapsulated, sealedKeys }) => ({
          referral_id: referralId,
          kid,
          encapsulated,
          sealed_keys: sealedKeys,
        })),
      )}`,
  ])
}

/**
 * Waits for whoever erases a referral, and lets nobody do it until the transaction ends: for acts that lock what belongs to
 * it and then want the referral. In the order of locks it stands behind the items, and before its parts.
 *
 * @returns whether it is there, and not erased
 */
export async function lockKept(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx.sql<{ isKept: boolean }[]>`
    select state <> 'erased' as "isKept" from referral where id = ${id} for key share`
  return row?.isKept ?? false
}

/** When a referral was erased; `undefined` where it was not, or the caller may not see that. */
export async function selectErased(tx: Tx, id: string): Promise<string | undefined> {
  const [row] = await tx.sql<{ erasedAt: string }[]>`
    select ${iso(tx, 'erased_at')} as "erasedAt" from erasure where referral_id = ${id}`
  return row?.erasedAt
}

/** Who sent a referral, and what was acknowledged. */
export type Stored = {
  readonly shownState: ShownState
  /** Since when it is in that state. */
  readonly shownAt: string
  readonly organisationId: string | null
  readonly receiptHash: Uint8Array | null
  readonly reference: string
  readonly receivedAt: string
  readonly envelopeHash: Uint8Array
  readonly signer: string
  readonly signature: Uint8Array
  readonly entryId: string
  readonly keysetVersion: number
}

export async function selectReferral(tx: Tx, id: string): Promise<Stored | undefined> {
  const [row] = await tx.sql<Stored[]>`
    select shown_state as "shownState", ${iso(tx, 'shown_at')} as "shownAt",
           organisation_id as "organisationId", receipt_hash as "receiptHash", reference,
           ${iso(tx, 'received_at')} as "receivedAt", envelope_hash as "envelopeHash",
           signer, signature, entry_id as "entryId", keyset_version as "keysetVersion"
    from referral where id = ${id}`
  return row
}

/**
 * Waits until no other transaction stores a referral under this receipt, and keeps others waiting until this one
 * ends: of the first two at once, by two keys, the second is to see the first. A lock of two numbers is none of
 * those in `database/lock.ts`; another receipt of the same number waits as well, and no more.
 */
export async function takeTurnUnder(tx: Tx, receipt: Uint8Array): Promise<void> {
  await tx.sql`
    select pg_advisory_xact_lock(
      hashtext('referral-intake receipt'), hashtext(encode(${receipt}, 'hex')))`
}

/** Whether the caller sees a referral under this receipt that another key than `signer` has signed. */
export async function isOfAnotherSigner(
  tx: Tx,
  hash: Uint8Array,
  signer: string,
): Promise<boolean> {
  const rows = await tx.sql`
    select from referral where receipt_hash = ${hash} and signer <> ${signer} limit 1`
  return rows.length > 0
}

/** Those of the referrals that there is a wrap of for any of these keys. */
export async function selectOpened(
  tx: Tx,
  ids: readonly string[],
  kids: readonly string[],
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select distinct referral_id as id from wrap
    where referral_id = any (${ids as string[]}::uuid[]) and kid = any (${kids as string[]}::text[])`
  return rows.map(({ id }) => id)
}

/** The ids of the referrals with these references, by reference. */
export async function selectIds(
  tx: Tx,
  references: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.sql<{ reference: string; id: string }[]>`
    select reference, id from referral where reference = any (${references as string[]}::text[])`
  return new Map(rows.map(({ reference, id }) => [reference, id]))
}

/**
 * The referrals among `ids` that have a wrap for `kid`, each with it, and with its compartments: all that are stored, and
 * the signed withdrawal, or those of `chosen` and no more. Their bytes come one behind the other.
 */
export async function selectWrapped(
  tx: Tx,
  ids: readonly string[],
  kid: string,
  chosen?: readonly CompartmentName[],
) {
  const some = tx.sql`part.name = any (${(chosen ?? []) as string[]}::text[])`
  // Of none, none is read: they are long, and kept apart from the row.
  const withdrawal = chosen ? tx.sql`null::bytea` : tx.sql`asked.envelope`
  const isChosen = chosen ? (chosen.length > 0 ? some : tx.sql`false`) : tx.sql`true`
  return tx.sql<
    {
      id: string
      reference: string
      receivedAt: string
      state: string
      header: Uint8Array
      keysetVersion: number
      signer: string
      signature: Uint8Array
      receiptHash: Uint8Array | null
      matchingHash: Uint8Array | null
      sealedHashes: Uint8Array
      wrapHashes: Uint8Array
      encapsulated: Uint8Array
      sealedKeys: Uint8Array
      grantedCompartments: CompartmentName[] | null
      grantedBy: string | null
      grantedAt: string | null
      grantedUntil: string | null
      grantSignature: Uint8Array | null
      withdrawalAskedAt: string | null
      withdrawal: Uint8Array | null
      unread: number
      names: CompartmentName[]
      lengths: number[]
      sealed: Uint8Array
    }[]
  >`
    select r.id, r.reference, r.state, r.header, r.signer, r.signature,
           ${iso(tx, 'r.received_at')}
             as "receivedAt",
           r.keyset_version as "keysetVersion", r.receipt_hash as "receiptHash",
           r.matching_hash as "matchingHash", r.sealed_hashes as "sealedHashes",
           r.wrap_hashes as "wrapHashes", w.encapsulated, w.sealed_keys as "sealedKeys",
           w.granted_compartments as "grantedCompartments", w.granted_by as "grantedBy",
           w.granted_at as "grantedAt", w.granted_until as "grantedUntil",
           w.grant_signature as "grantSignature",
           ${iso(tx, 'asked.asked_at')} as "withdrawalAskedAt", ${withdrawal} as withdrawal,
           ${unreadOf(tx, 'referrer')} as unread, parts.names, parts.lengths, parts.sealed
    from referral r
    join wrap w on w.referral_id = r.id and w.kid = ${kid}
    left join withdrawal asked on asked.referral_id = r.id
    cross join lateral (
      select coalesce(array_agg(part.name order by part.place), '{}') as names,
             coalesce(array_agg(octet_length(part.sealed) order by part.place), '{}') as lengths,
             coalesce(string_agg(part.sealed, '' order by part.place), '') as sealed
      from compartment c, unnest(c.names, c.sealed) with ordinality as part (name, sealed, place)
      where c.referral_id = r.id and ${isChosen}) parts
    where r.id = any (${ids as string[]}::uuid[])
    order by r.received_at, r.id`
}

/**
 * The header of one referral as it was signed, if there is a wrap for `kid`, its keyset, and when it came; and the
 * compartments that were granted, where the wrap was.
 */
export async function selectHeader(tx: Tx, id: string, kid: string) {
  const [row] = await tx.sql<
    {
      header: Uint8Array
      keysetVersion: number
      receivedAt: string
      granted: CompartmentName[] | null
    }[]
  >`
    select r.header, r.keyset_version as "keysetVersion", w.granted_compartments as granted,
           ${iso(tx, 'r.received_at')}
             as "receivedAt"
    from referral r join wrap w on w.referral_id = r.id and w.kid = ${kid}
    where r.id = ${id}`
  return row
}

/** The sealed compartments of `ids`. */
export async function selectCompartments(tx: Tx, ids: readonly string[]) {
  return tx.sql<{ id: string; name: CompartmentName; sealed: Uint8Array }[]>`
    select c.referral_id as id, part.name, part.sealed
    from compartment c, unnest(c.names, c.sealed) as part (name, sealed)
    where referral_id = any (${ids as string[]}::uuid[])`
}
