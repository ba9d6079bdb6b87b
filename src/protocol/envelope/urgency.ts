/**
 * What a recipient signs who opened a referral and applied the urgency rules to it again:
 * docs/PROTOCOL.md, "Urgency statement". The service cannot read what the rules read, so it takes the
 * word of a recipient who can, bound to the header of one referral and to a time.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { type Urgency, urgencies } from '../../referral/codes/clear.ts'
import { Instant } from '../../referral/format.ts'
import { concat, label } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import type { SecretKey } from '../keys.ts'
import { signatureOf, signatureVerifies } from '../signature.ts'
import { hash } from '../sodium.ts'
import type { Signature } from './envelope.ts'

/** The properties of a statement, for the schema of whoever sends it with its signature. */
export const urgencyStatementProperties = {
  rules: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: 'The version of the urgency rules that were applied',
  }),
  urgency: Type.Enum(Object.keys(urgencies) as Urgency[], {
    description: 'What the rules give for the answers at `at`',
  }),
  at: {
    ...Instant,
    description: 'When they were applied; within 5 minutes of the service’s clock',
  },
}

export const UrgencyStatement = Type.Object(urgencyStatementProperties, {
  additionalProperties: false,
})
export type UrgencyStatement = Static<typeof UrgencyStatement>

/** The bytes that the signature of a statement is over. Other properties are not signed. */
export function urgencySignedBytes(
  headerHash: Uint8Array,
  { rules, urgency, at }: UrgencyStatement,
): Uint8Array {
  const statement = hash(label('urgency statement'), canonicalBytes({ rules, urgency, at }))
  return concat(label('urgency'), headerHash, statement)
}

/** Signs what the rules give for the referral with that header, with a recipient's Ed25519 key. */
export function signUrgency(
  headerHash: Uint8Array,
  statement: UrgencyStatement,
  signer: SecretKey,
): Signature {
  return signatureOf(urgencySignedBytes(headerHash, statement), signer)
}

/**
 * Whether the holder of `publicKey` stated exactly this of the referral with that header. Whose key
 * it is, what that one holds, and whether `at` is now, is for the caller to know.
 */
export function urgencyVerifies(
  headerHash: Uint8Array,
  statement: UrgencyStatement,
  signature: Signature,
  publicKey: Uint8Array,
): boolean {
  return signatureVerifies(publicKey, urgencySignedBytes(headerHash, statement), signature)
}
