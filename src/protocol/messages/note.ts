/**
 * What the service checks of a review note, which it stores and cannot read (docs/PROTOCOL.md,
 * "Notes"): that a recipient wrote it, about this referral, at this service, and after all others.
 */
import { Refusal } from '../../errors.ts'
import { base64urlBytes, decodeBase64url, encodeBase64url } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { checkWrapped } from '../envelope/check.ts'
import { envelopeHash, hashesOf, headerHash, signedBytes } from '../envelope/envelope.ts'
import { kidOf } from '../kid.ts'
import { verify } from '../signature.ts'
import type { MessageEnvelope } from './message.ts'

/** What must be true of a note beyond its form. */
export type NoteExpected = {
  readonly origin: string
  /** The referrals that it may be about. */
  readonly referralIds: readonly string[]
  /** The signing key of the recipient that writes, in base64url. */
  readonly signingKey: string
}

/** Where the chain of notes about a referral ends. Before the first: 0, and what the referral has. */
export type ChainEnd = {
  readonly number: number
  readonly envelopeHash: Uint8Array
  /** Of the keyset that it names. */
  readonly keysetVersion: number
}

/**
 * Checks a note, and gives the bytes that are kept of it.
 *
 * @throws Refusal `malformed-request` for another kind of message or another referral's,
 *   `wrong-origin`, `unknown-signer`, `wraps-mismatch`, `not-sealed`, `signature-invalid`
 */
export function checkNote(note: MessageEnvelope, expected: NoteExpected): Uint8Array {
  const { header, compartments, signature } = note
  if (header.kind !== 'note' || header.from !== 'recipient') {
    throw new Refusal('malformed-request', 'note is a message of another kind')
  }
  if (header.origin !== expected.origin) {
    throw new Refusal('wrong-origin', 'note.header.origin is not the origin of this service')
  }
  if (!expected.referralIds.includes(header.referralId)) {
    throw new Refusal('malformed-request', 'note.header.referralId is none of these cases')
  }
  const publicKey = decodeBase64url(expected.signingKey, 32)
  const kid = kidOf('Ed25519', publicKey)
  if (header.signer !== kid || signature.kid !== kid) {
    throw new Refusal('unknown-signer', 'note.header.signer is not the key of your recipient')
  }
  if (!base64urlBytes(compartments.message))
    throw new Refusal('not-sealed', 'note.compartments.message is not base64url')
  // The signature covers both, and a writer can sign two that do not fit: nobody would open it.
  checkWrapped(header.sealedTo, note.wraps)
  if (!verify(publicKey, signedBytes(noteHash(note)), decodeBase64url(signature.value, 64))) {
    throw new Refusal('signature-invalid', 'the signature of the note does not verify')
  }
  return canonicalBytes(note)
}

/**
 * Takes a note for the next of its chain. It names no older keyset than the one before: a reader takes
 * such a note for the work of a thief.
 *
 * @throws Refusal `note-not-next`, saying which number is, or `keyset-superseded`
 */
export function requireNext({ header }: MessageEnvelope, end: ChainEnd): void {
  const next = end.number + 1
  if (header.number !== next) {
    throw new Refusal('note-not-next', `the next note about ${header.referralId} is number ${next}`)
  }
  const before = end.number === 0 ? 'the referral' : `note ${end.number}`
  if (header.keyset.version < end.keysetVersion) {
    const detail = `${before} names keyset ${end.keysetVersion} already: fetch it, and seal the note anew`
    throw new Refusal('keyset-superseded', detail)
  }
  if (header.previous === encodeBase64url(end.envelopeHash)) return
  const detail = `note ${next} about ${header.referralId} follows ${before}, and names another hash`
  throw new Refusal('note-not-next', detail)
}

/** The hash that the next of a chain names, for whatever is there in the form of a note. */
export function noteHash(note: MessageEnvelope): Uint8Array {
  return envelopeHash(headerHash(canonicalBytes(note.header)), hashesOf(note))
}
