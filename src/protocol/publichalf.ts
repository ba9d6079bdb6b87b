/** The public halves of keys, as they are handed over before a ceremony. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Bytes32, Kid, XWingPublicKey } from '../referral/format.ts'

/** Of a key that signs: a root, the directory, the log, an organisation. */
export const SigningHalf = Type.Object(
  { alg: Type.Enum(['Ed25519']), kid: Kid, publicKey: Bytes32 },
  { additionalProperties: false },
)

/** Of a recipient, who opens with one key and signs with another. */
export const RecipientHalf = Type.Object(
  { alg: Type.Enum(['X-Wing']), kid: Kid, publicKey: XWingPublicKey, signingKey: Bytes32 },
  { additionalProperties: false },
)

/** Of a matching key. */
export const MatchingHalf = Type.Object(
  { suite: Type.Enum(['ristretto255-SHA512']), publicKey: Bytes32 },
  { additionalProperties: false },
)

export type SigningHalf = Static<typeof SigningHalf>
export type RecipientHalf = Static<typeof RecipientHalf>
export type MatchingHalf = Static<typeof MatchingHalf>
