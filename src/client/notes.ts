/** Review notes: what a reviewer wrote beside a judgement, sealed to recipients and no referrer. */
import { Refusal } from '../errors.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { canonicalBytes } from '../protocol/canonical.ts'
import { bodyOf, envelopeHash, headerHash } from '../protocol/envelope.ts'
import type { KeyPair } from '../protocol/keys.ts'
import { MessageContent, type MessageEnvelope, sealMessage } from '../protocol/message.ts'
import type { Opened } from '../protocol/open.ts'
import { openMessage } from '../protocol/thread.ts'
import { newId } from '../protocol/uuid.ts'
import { schemaProblems } from '../referral/problems.ts'
import type { createKeysets } from './documents.ts'

/** Why, in a reviewer's words: sealed to every required recipient, signed, and kept for good. */
export type Note = {
  /** A referral of a case that is judged, as it was opened. */
  readonly about: Opened
  /** 1 to 20,000 characters. */
  readonly text: string
}

/** Seals and opens notes. @param keys - a recipient's */
export function createNotes(
  keysets: ReturnType<typeof createKeysets>,
  { receiving, signing }: { readonly receiving: KeyPair; readonly signing: KeyPair },
) {
  /** Seals a note after those there are about the same referral, so that one held back is missed. */
  async function seal(
    { about, text }: Note,
    judgements: readonly { readonly note?: MessageEnvelope }[],
  ): Promise<MessageEnvelope> {
    const content = { text: text.normalize('NFC') }
    const [problem] = schemaProblems(MessageContent, content)
    if (problem)
      throw new Refusal('referral-invalid', `the note${problem.pointer} ${problem.detail}`)
    const [newest] = judgements
      .flatMap(({ note }) => (note?.header.referralId === about.referralId ? [note] : []))
      .sort((a, b) => b.header.number - a.header.number)
    return sealMessage({
      ...{ kind: 'note', from: 'recipient', messageId: newId() },
      ...{ referral: answered(about), content },
      last: newest && { number: newest.header.number, envelopeHash: hashOf(newest) },
      ...{ keyset: await keysets.newest(), signer: signing, now: new Date() },
    })
  }

  /** @see Reviewing */
  async function open(about: Opened, note: MessageEnvelope, madeAt: string) {
    return openMessage(note, {
      referral: { ...answered(about), signedBy: about.signedBy },
      reader: receiving,
      keysets: await keysets.backTo(note.header?.keyset?.version),
      directory: undefined,
      receivedAt: new Date(madeAt),
    })
  }

  return { seal, open }
}

function answered({ header, envelopeHash }: Opened) {
  return { header, envelopeHash: decodeBase64url(envelopeHash, 32) }
}

/** Whatever the service shows for a note has a hash: whether it is one, its next reader finds out. */
function hashOf(note: MessageEnvelope): Uint8Array {
  return envelopeHash(headerHash(canonicalBytes(note.header)), bodyOf(note))
}
