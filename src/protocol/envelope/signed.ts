/** What was signed of a referral, as it is shown to whoever sent it: nothing that is sealed. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Released } from './released.ts'

const { header, sealedHashes, wrapHashes, matchingHash, receipt, signature } = Released.properties

/** By this its sender knows it again, and computes the hash that the first message of each side names. */
export const SignedParts = Type.Object(
  { header, sealedHashes, wrapHashes, matchingHash, receipt, signature },
  { additionalProperties: false },
)
export type SignedParts = Static<typeof SignedParts>
