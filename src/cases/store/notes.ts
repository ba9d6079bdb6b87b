/** The notes about each referral, in the order of their numbers: kept as they came, never changed. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { NoteRef } from '../judgement.ts'

type NewNote = NoteRef & {
  readonly envelope: Uint8Array
  readonly entryId: string
  readonly besideSha256: Uint8Array
}

/** Waits for whoever writes a note about the same referral, until that transaction ends. */
export async function lockChain(tx: Tx, referralId: string): Promise<void> {
  await tx.sql`select pg_advisory_xact_lock(hashtextextended('notes ' || ${referralId}, 0))`
}

/** Adds one at the end of its chain. */
export async function insertNote(tx: Tx, note: NewNote): Promise<void> {
  await tx.sql`
    insert into note ${tx.sql({
      referral_id: note.referralId,
      number: note.number,
      envelope: note.envelope,
      stored_at: tx.now.toISOString(),
      entry_id: note.entryId,
      beside_sha256: note.besideSha256,
    })}`
}

/** The newest note about a referral, and the hash and keyset of the referral itself; `undefined` if there is none such. */
export async function selectChain(tx: Tx, referralId: string) {
  const [row] = await tx.sql<
    {
      referralHash: Uint8Array
      referralKeyset: number
      number: number | null
      envelope: Uint8Array | null
    }[]
  >`
    select r.envelope_hash as "referralHash", r.keyset_version as "referralKeyset", n.number, n.envelope
    from referral r left join note n on n.referral_id = r.id
    where r.id = ${referralId}
    order by n.number desc nulls last
    limit 1`
  return row
}

/** The note of that number, if it is these very bytes: beside what it was written. */
export async function selectKept(
  tx: Tx,
  { referralId, number }: NoteRef,
  envelope: Uint8Array,
): Promise<{ besideSha256: Uint8Array | null } | undefined> {
  const [row] = await tx.sql<{ besideSha256: Uint8Array | null }[]>`
    select beside_sha256 as "besideSha256" from note
    where referral_id = ${referralId} and number = ${number} and envelope = ${envelope}`
  return row
}

/** Those numbered over `after`, at most `count`. */
export async function selectNotes(tx: Tx, referralId: string, after: number, count: number) {
  return tx.sql<{ number: number; envelope: Uint8Array; at: string; entryId: string }[]>`
    select number, envelope, entry_id as "entryId",
           ${iso(tx, 'stored_at')} as at
    from note
    where referral_id = ${referralId} and number > ${after}
    order by number
    limit ${count}`
}
