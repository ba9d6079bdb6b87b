/**
 * What the service checks of a withdrawal, which an organisation signs and whose reason it seals (docs/PROTOCOL.md,
 * "Messages"). There is one of each referral: the first, whose `previous` is the hash of the referral.
 */
import { Refusal } from '../../errors.ts'
import { base64urlBytes, encodeBase64url } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { checkWrapped } from '../envelope/check.ts'
import type { MessageEnvelope } from './message.ts'

/** The referral that is to be withdrawn, and where. */
export type WithdrawalExpected = {
  readonly origin: string
  readonly referralId: string
  readonly envelopeHash: Uint8Array
}

/**
 * Checks a withdrawal as far as it needs nobody's key (check.ts, `checkMessageSigned`), and gives the bytes that are kept.
 *
 * @throws Refusal `malformed-request`, `wrong-origin`, `referral-id-mismatch`, `not-sealed`, `wraps-mismatch`
 */
export function checkWithdrawal(
  { header, compartments, wraps, signature }: MessageEnvelope,
  expected: WithdrawalExpected,
): Uint8Array {
  if (header.kind !== 'withdrawal' || header.from !== 'referrer' || header.urgency !== undefined) {
    throw new Refusal('malformed-request', 'the message is no withdrawal by a referrer')
  }
  if (header.origin !== expected.origin) {
    throw new Refusal('wrong-origin', 'header.origin is not the origin of this service')
  }
  if (header.referralId !== expected.referralId) {
    throw new Refusal('referral-id-mismatch', 'header.referralId is not the referral of the path')
  }
  if (header.number !== 1 || header.previous !== encodeBase64url(expected.envelopeHash)) {
    const detail = 'header.number is not 1, or header.previous not the envelopeHash of the referral'
    throw new Refusal('malformed-request', detail)
  }
  if (!base64urlBytes(compartments.message)) {
    throw new Refusal('not-sealed', 'compartments.message is not base64url')
  }
  checkWrapped(header.sealedTo, wraps)
  return canonicalBytes({ header, compartments, wraps, signature })
}
