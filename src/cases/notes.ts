/**
 * The sealed notes that people add to what they judge and do. Those about one referral are a chain, each naming the
 * one before, so that a reader misses one that is held back. It stays true only if nobody adds
 * a second of one number: the service takes none but the next.
 */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { requireNoteSealed, requireNoteWriter } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { canonicalBytes, parseCanonical } from '../protocol/canonical.ts'
import { type MessageEnvelope, notesPageMax } from '../protocol/messages/message.ts'
import { type ChainEnd, checkNote, noteHash, requireNext } from '../protocol/messages/note.ts'
import { sha256 } from '../protocol/sodium.ts'
import { newId } from '../protocol/uuid.ts'
import { requireId, requireKid } from '../vault/service.ts'
import type { NoteRef } from './judgement.ts'
import type { Notes } from './schemas.ts'
import { type Member, selectCasesOf } from './store/members.ts'
import { insertNote, lockChain, selectChain, selectKept, selectNotes } from './store/notes.ts'

/** What was asked for together with a note, in the words of the request. */
export type Beside =
  | { readonly decision: string; readonly between: readonly string[] }
  | { readonly merge: readonly string[] }
  | { readonly split: string; readonly referrals: readonly string[]; readonly decision: string }

/** A note that may be kept, or is: its chain stays as it is until the transaction ends. */
export type TakenNote = {
  /** The referral that it is about. */
  readonly referralId: string
  /** Whether it is kept already, beside the very same act. */
  readonly isKept: boolean
  /** Keeps it, with its entry; one that is kept is not kept twice. */
  keep(): Promise<NoteRef>
}

/** What was asked for together with a note: for nothing else is it good. */
type Asked = Readonly<Record<string, unknown>>

/**
 * Keeps the note of a judgement, if it has one, about one of `members`. The very bytes of one
 * that is kept, with what was judged, are a repetition, and are not kept twice.
 *
 * @param judged - beside what the note stands
 * @throws Refusal as `takeNote`
 */
export async function keepNote(
  tx: Tx<KnownCaller>,
  origin: string,
  { note }: { readonly note?: MessageEnvelope },
  members: readonly Member[],
  judged: Beside,
): Promise<{ note?: NoteRef }> {
  if (!note) return {}
  const referralIds = members.map((member) => member.referralId)
  const taken = await takeNote(tx, origin, note, judged, referralIds)
  return { note: await taken.keep() }
}

/**
 * Takes a note that stands beside an act, before the act is done, and writes nothing yet. Whoever takes one has its
 * chain: of two that write at once the second sees what the first wrote. Notes are taken before items are locked, so
 * nobody waits in a circle; several in the order of their referrals.
 *
 * @param referralIds - which it may be about; left out, any, and the act says whether it may
 * @throws Refusal `note-not-next`, and as `checkNote`, `requireNoteWriter` and `requireNoteSealed`
 */
export async function takeNote(
  tx: Tx<KnownCaller>,
  origin: string,
  note: MessageEnvelope,
  asked: Asked,
  referralIds: readonly string[] = [note.header.referralId],
): Promise<TakenNote> {
  const { referralId, number } = note.header
  const recipient = await requireNoteWriter(tx, note.header)
  requireKid(tx, recipient.kid)
  const { signingKey } = recipient
  const envelope = checkNote(note, { origin, referralIds, signingKey })
  await lockChain(tx, referralId)
  const kept = { referralId, number }
  const beside = sha256(canonicalBytes({ client: tx.caller.clientId, ...asked }))
  const before = await selectKept(tx, kept, envelope)
  if (before) {
    requireSame(kept, beside, before.besideSha256)
    return { referralId, isKept: true, keep: async () => kept }
  }
  await requireNoteSealed(tx, note.header)
  requireNext(note, await endOf(tx, referralId))
  async function keep() {
    const entryId = newId()
    await insertNote(tx, { ...kept, envelope, entryId, besideSha256: beside })
    const object = { kind: 'referral', id: referralId } as const
    const act = { action: 'note.written', object, recipient: recipient.kid } as const
    await append(tx, { ...act, details: { number } }, entryId)
    return kept
  }
  return { referralId, isKept: false, keep }
}

/** A page of the notes about a referral, from the one behind `after` on. */
export async function notesAbout(tx: Tx, name: string, after: number): Promise<Notes> {
  const referralId = await requireId(tx, name)
  const caseId = (await selectCasesOf(tx, [referralId])).get(referralId)
  if (caseId === undefined) throw new Refusal('not-found', `there is no referral ${referralId}`)
  const found = await selectNotes(tx, referralId, after, notesPageMax + 1)
  const page = found.slice(0, notesPageMax)
  const last = found.length > notesPageMax ? page.at(-1) : undefined
  // By the referral one finds who wrote the notes about it, and so who read them.
  const object = { kind: 'referral', id: referralId } as const
  const details = { case: caseId, notes: page.length }
  await append(tx, { action: 'case.read', object, details })
  return {
    referralId,
    notes: page.map(({ at, entryId, envelope }) => ({ at, entryId, note: noteIn(envelope) })),
    ...(last && { next: last.number }),
  }
}

// Sent again beside another judgement it would be the writer's word for what the writer never judged.
function requireSame(
  { referralId, number }: NoteRef,
  beside: Uint8Array,
  before: Uint8Array | null,
): void {
  if (before && encodeBase64url(before) === encodeBase64url(beside)) return
  const detail = `note ${number} about ${referralId} is kept already, beside another act or by another client`
  throw new Refusal('note-not-next', detail)
}

/**
 * The hash of the newest is made of the bytes that readers are shown: whatever has become of them, the
 * chain goes on behind them, and they are told.
 */
async function endOf(tx: Tx, referralId: string): Promise<ChainEnd> {
  const chain = await selectChain(tx, referralId)
  if (!chain)
    throw new Refusal('malformed-request', 'note.header.referralId is no referral that is here')
  const { referralHash, referralKeyset, number, envelope } = chain
  if (number === null || !envelope) {
    return { number: 0, envelopeHash: referralHash, keysetVersion: referralKeyset }
  }
  const newest = noteIn(envelope)
  return { number, envelopeHash: noteHash(newest), keysetVersion: newest.header.keyset.version }
}

function noteIn(envelope: Uint8Array): MessageEnvelope {
  return parseCanonical(envelope) as MessageEnvelope
}
