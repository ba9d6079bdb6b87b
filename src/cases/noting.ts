/** The sealed note that a person may add to a judgement. */
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import type { Directory } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import type { MessageEnvelope } from '../protocol/message.ts'
import { checkNote } from '../protocol/note.ts'
import { requireKid } from '../referrals/service.ts'
import type { Member } from './store.ts'

type Noted = { readonly note?: MessageEnvelope }

/** The bytes that are kept of a note about one of `members`, if there is a note. */
export async function noteBytes(
  { directory, origin }: { readonly directory: Directory; readonly origin: string },
  tx: Tx,
  caller: KnownCaller,
  { note }: Noted,
  members: readonly Member[],
): Promise<{ note?: Uint8Array }> {
  if (!note) return {}
  const recipient = await directory.recipientSigning(tx, note.header.signer)
  if (!recipient) throw new Refusal('unknown-signer', 'note.header.signer is no recipient')
  requireKid(caller, recipient.kid)
  const referralIds = members.map(({ referralId }) => referralId)
  return { note: checkNote(note, { origin, referralIds, signingKey: recipient.signingKey }) }
}
