/**
 * What the service checks of a message, which it stores and cannot read (docs/PROTOCOL.md, "Messages"): that it is about
 * this referral, by one of its two sides, sealed to who must read it, and the next of its chain.
 */
import { Refusal } from '../../errors.ts'
import type { Header } from '../../referral/header.ts'
import { base64urlBytes, decodeBase64url, encodeBase64url } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { checkRecipients, checkWrapped } from '../envelope/check.ts'
import { signedBytes } from '../envelope/envelope.ts'
import { kidOf } from '../kid.ts'
import { verify } from '../signature.ts'
import { type Keyset, requiredKids } from '../trust/keyset.ts'
import { lowers, type MessageEnvelope, type MessageHeader, requireReplyTo } from './message.ts'
import { noteHash } from './note.ts'

/** The referral that a message answers, and which side the caller is on. */
export type MessageExpected = {
  readonly origin: string
  /** Of the referral. */
  readonly header: Header
  readonly from: MessageHeader['from']
}

/** Where one side's chain of messages ends. Before the first: 0, and what the referral has. */
export type ThreadEnd = { readonly number: number; readonly envelopeHash: Uint8Array }

/**
 * Checks a message as far as it needs nobody's key, and gives the bytes that are kept of it.
 *
 * @throws Refusal `malformed-request` for another kind of message, one from the other side, or an urgency below that of
 *   the referral; `wrong-origin`, `referral-id-mismatch`, `not-sealed`, `wraps-mismatch`
 */
export function checkMessage(
  { header, compartments, wraps, signature }: MessageEnvelope,
  { origin, header: referral, from }: MessageExpected,
): Uint8Array {
  if (header.kind !== 'message') {
    throw new Refusal('malformed-request', 'header.kind is not message')
  }
  if (header.from !== from) {
    throw new Refusal('malformed-request', `header.from is not ${from}, which you are here`)
  }
  if (header.origin !== origin) {
    throw new Refusal('wrong-origin', 'header.origin is not the origin of this service')
  }
  if (header.referralId !== referral.referralId) {
    throw new Refusal('referral-id-mismatch', 'header.referralId is not the referral of the path')
  }
  if (header.urgency !== undefined && lowers(header.urgency, { header: referral })) {
    throw new Refusal('malformed-request', 'header.urgency is below that of the referral')
  }
  if (!base64urlBytes(compartments.message)) {
    throw new Refusal('not-sealed', 'compartments.message is not base64url')
  }
  // The signature covers both, and a writer can sign two that do not fit: nobody would open it.
  checkWrapped(header.sealedTo, wraps)
  return canonicalBytes({ header, compartments, wraps, signature })
}

/**
 * Checks the signature of a message under one of the keys that may sign it.
 *
 * @throws Refusal `unknown-signer` if it is none of those, `signature-invalid`
 */
export function checkMessageSigned(
  message: MessageEnvelope,
  publicKeys: readonly Uint8Array[],
): void {
  const { header, signature } = message
  const publicKey = publicKeys.find((key) => kidOf('Ed25519', key) === header.signer)
  if (!publicKey || signature.kid !== header.signer) {
    throw new Refusal('unknown-signer', 'header.signer is no key that signs for you here')
  }
  if (!verify(publicKey, signedBytes(noteHash(message)), decodeBase64url(signature.value, 64))) {
    throw new Refusal('signature-invalid', 'the signature of the message does not verify')
  }
}

/**
 * Checks that a message is sealed to exactly the required recipients of its keyset, and a recipient's to the reply key of
 * the referral as well.
 *
 * @param retired - the kids of earlier keysets, so that an old client is told to refresh
 * @throws Refusal `reply-key-missing` for an answer to a referral that takes none, and as `checkRecipients`
 */
export function checkMessageSealed(
  { sealedTo, from }: Pick<MessageHeader, 'sealedTo' | 'from'>,
  referral: Pick<Header, 'replyTo'>,
  keyset: Keyset,
  retired: ReadonlySet<string>,
): void {
  const required = requiredKids(keyset)
  const reply = from === 'recipient' ? requireReplyTo(referral).kid : undefined
  checkRecipients(
    { sealedTo: sealedTo.filter((kid) => kid !== reply || required.includes(kid)) },
    keyset,
    retired,
  )
  if (reply !== undefined && !sealedTo.includes(reply)) {
    throw new Refusal('missing-recipient', 'the answer is not sealed to the reply key')
  }
  const other = sealedTo.find((kid) => kid !== reply && !required.includes(kid))
  if (other === undefined) return
  const detail = `${other} is no required recipient of keyset ${keyset.version}: a message has no others`
  throw new Refusal('unknown-recipient-key', detail)
}

/**
 * Takes a message for the next of its chain.
 *
 * @throws Refusal `message-not-next`, saying which number is
 */
export function requireNextMessage({ header }: MessageEnvelope, end: ThreadEnd): void {
  const next = end.number + 1
  const which = `the next message from this side about ${header.referralId}`
  if (header.number !== next) {
    throw new Refusal('message-not-next', `${which} is number ${next}`)
  }
  if (header.previous === encodeBase64url(end.envelopeHash)) return
  const before = end.number === 0 ? 'the referral' : `message ${end.number}`
  const detail = `${which}, number ${next}, follows ${before}, and names another hash`
  throw new Refusal('message-not-next', detail)
}
