/**
 * Knowing one's own referral again from what a service shows of it: its header, the hashes of its parts, its signature.
 * A referrer that kept nothing computes by it the hash that messages are chained to.
 */
import * as Type from 'typebox'
import { decodeBase64url, equalBytes } from '../protocol/bytes.ts'
import { canonicalBytes } from '../protocol/canonical.ts'
import { headerHash, Signature } from '../protocol/envelope/envelope.ts'
import { StepFailure } from '../protocol/envelope/step.ts'
import { checkSigned, frameProperties } from '../protocol/envelope/verify.ts'
import type { KeyPair } from '../protocol/keys.ts'
import { kidOf } from '../protocol/kid.ts'
import type { Answered } from '../protocol/messages/message.ts'
import { Bytes32 } from '../referral/format.ts'
import { type Header, type ReplyTo, ReplyTo as ReplyToSchema } from '../referral/header.ts'
import { schemaProblems } from '../referral/problems.ts'
import { BadAnswer } from './failure.ts'

/** As loosely as it is read: a newer client of the same referrer may have written more. */
const Shown = Type.Object({
  header: Type.Object({
    ...frameProperties,
    urgency: Type.String(),
    replyTo: Type.Optional(ReplyToSchema),
  }),
  sealedHashes: Type.Record(Type.String(), Bytes32),
  wrapHashes: Type.Record(Type.String(), Bytes32),
  matchingHash: Type.Optional(Bytes32),
  receipt: Type.Optional(Bytes32),
  signature: Signature,
})

/** By what a referral is known for one's own. */
export type Own = {
  readonly origin: string
  readonly signing: Pick<KeyPair, 'publicKey'>
  /** What its `replyTo` must be, if it has one. */
  readonly replyTo: ReplyTo | undefined
}

/**
 * Takes what is shown for one's own referral.
 *
 * @param name - the id that was asked for; of a reference it is `undefined`
 * @throws BadAnswer for another's, or one that somebody changed
 */
export function knownAgain(shown: unknown, own: Own, name: string | undefined): Answered {
  const bad = (why: string) => new BadAnswer(`the referral that is shown is not yours: ${why}`)
  const [problem] = schemaProblems(Shown, shown)
  if (problem) throw bad(`${problem.pointer} ${problem.detail}`)
  const { header, signature, ...hashes } = shown as { header: Header } & Record<string, never>
  if (header.origin !== own.origin || (name !== undefined && header.referralId !== name)) {
    throw bad('it is another one')
  }
  const { replyTo } = header
  if (replyTo && !isSame(replyTo, own.replyTo)) throw bad('it names another key to answer to')
  const keys = [
    own.signing.publicKey,
    ...(replyTo ? [decodeBase64url(replyTo.signingKey, 32)] : []),
  ]
  const key = keys.find((publicKey) => kidOf('Ed25519', publicKey) === header.signer)
  try {
    const bound = headerHash(canonicalBytes(header))
    // One that an earlier key or a colleague signed is known by the reply key, which nobody else has.
    const envelopeHash = checkSigned(signature, header.signer, key, bound, hashes as never)
    return { header, envelopeHash }
  } catch (failure) {
    if (failure instanceof StepFailure) throw bad(failure.message)
    throw failure
  }
}

function isSame(one: ReplyTo, other: ReplyTo | undefined): boolean {
  return other !== undefined && equalBytes(canonicalBytes(one), canonicalBytes(other))
}
