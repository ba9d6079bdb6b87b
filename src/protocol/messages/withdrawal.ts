/**
 * What the service checks of a withdrawal, which an organisation signs and whose reason it seals (docs/PROTOCOL.md,
 * "Messages"). There is one of each referral: the first, whose `previous` is the hash of the referral.
 */
import { Refusal } from '../../errors.ts'
import { encodeBase64url } from '../bytes.ts'
import type { MessageEnvelope } from './message.ts'

/** The referral that is to be withdrawn, and where. */
export type WithdrawalExpected = {
  readonly origin: string
  readonly referralId: string
  readonly envelopeHash: Uint8Array
}

/**
 * Checks the header of a withdrawal; its signature is looked at apart (note.ts, `checkSigned`).
 *
 * @throws Refusal `malformed-request`, `wrong-origin`
 */
export function checkWithdrawal({ header }: MessageEnvelope, expected: WithdrawalExpected): void {
  if (header.kind !== 'withdrawal' || header.from !== 'referrer' || header.urgency !== undefined) {
    throw new Refusal('malformed-request', 'the message is no withdrawal by a referrer')
  }
  if (header.origin !== expected.origin) {
    throw new Refusal('wrong-origin', 'header.origin is not the origin of this service')
  }
  if (header.referralId !== expected.referralId) {
    throw new Refusal('malformed-request', 'header.referralId is not the referral of the path')
  }
  if (header.number !== 1 || header.previous !== encodeBase64url(expected.envelopeHash)) {
    const detail = 'header.number is not 1, or header.previous not the envelopeHash of the referral'
    throw new Refusal('malformed-request', detail)
  }
}
