/**
 * A sealed note beside an act on an item: both are stored, or neither. The notes about a referral are kept by `cases`,
 * which knows the queue and is not known to it: `services.ts` hands in what takes one.
 */
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import { selectListed } from './store/successor.ts'

/** What `cases` gives for a note that may be kept: nothing is written before `keep`. */
export type TakenNote = { readonly isKept: boolean; keep(): Promise<unknown> }

/** @see takeNote in cases/notes.ts. Items are locked after it. */
export type TakeNote = (
  tx: Tx<KnownCaller>,
  note: MessageEnvelope,
  asked: Readonly<Record<string, unknown>>,
) => Promise<TakenNote>

/**
 * Takes a note about a referral of this item.
 *
 * @param asked - the act that it stands beside
 * @throws Refusal `malformed-request` for another's referral, and as `takeNote`
 */
export async function takeNoteOf(
  tx: Tx<KnownCaller>,
  itemId: string,
  { note, take }: { readonly note: MessageEnvelope; readonly take: TakeNote },
  asked: Readonly<Record<string, unknown>>,
): Promise<TakenNote> {
  const listed = await selectListed(tx, itemId)
  if (listed.includes(note.header.referralId)) return take(tx, note, asked)
  throw new Refusal('malformed-request', 'note.header.referralId is no referral of this item')
}
