/**
 * A recipient that opened a referral states the urgency that the rules give for its answers, which the
 * service cannot read: a client that sealed less than that, or a removal that has come nearer since, keeps
 * nobody at the end of the queue. The highest stated stands, and none lowers an item.
 */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { headerHash } from '../protocol/envelope/envelope.ts'
import { urgencyVerifies } from '../protocol/envelope/urgency.ts'
import type { Header } from '../referral/header.ts'
import { readsOf } from '../referral/rules.ts'
import { mostUrgent } from '../referral/urgency.ts'
import { raiseUrgency } from '../triage/service.ts'
import { headerOf, keepStatement, requireId, standingUrgency } from '../vault/service.ts'
import type { StatedUrgency, UrgencyRequest } from './schemas.ts'
import { requireGiven, requireNow, requireSigner } from './signer.ts'

/** Takes a recipient's word on the urgency of one referral. Safe to repeat. */
export async function stateUrgency(
  tx: Tx<KnownCaller>,
  name: string,
  { signature, ...statement }: UrgencyRequest,
): Promise<StatedUrgency> {
  const recipient = await requireSigner(tx, signature.kid, readsOf)
  const referralId = await requireId(tx, name)
  const stored = await headerOf(tx, referralId, recipient.kid)
  if (!stored) throw new Refusal('not-found', `no referral ${referralId} for that key`)
  await requireGiven(tx, recipient, stored, readsOf)
  const signingKey = decodeBase64url(recipient.signingKey, 32)
  if (!urgencyVerifies(headerHash(stored.header), statement, signature, signingKey)) {
    throw new Refusal('signature-invalid', 'signature is not over this statement of urgency')
  }
  requireNow(statement.at, tx.now)
  const { urgency: sealed } = parseCanonical(stored.header) as Header
  const before = await standingUrgency(tx, referralId, sealed)
  const urgency = mostUrgent(before, statement.urgency)
  if (urgency !== before) {
    const signed = { signer: signature.kid, signature: decodeBase64url(signature.value, 64) }
    // The item first, and then what refers to the referral: in that order it is erased.
    await raiseUrgency(tx, referralId, urgency)
    await keepStatement(tx, { referralId, ...statement, ...signed })
  }
  const object = { kind: 'referral', id: referralId } as const
  const { rules, urgency: stated } = statement
  const details = { rules, stated, before }
  await append(tx, { action: 'urgency.stated', object, recipient: recipient.kid, details })
  return { referralId, before, urgency }
}
