/**
 * A recipient vouches for the match keys of a referral: it opened it, made the keys again, and what
 * it sends stands in the place of what the referrer sent. Nobody could check them before.
 */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import { reconsider } from '../cases/service.ts'
import type { Tx } from '../database/connect.ts'
import { requireMatching } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { replaceValues } from '../matching/service.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { headerHash } from '../protocol/envelope/envelope.ts'
import { matchKeysVerify } from '../protocol/matching/matchvalues.ts'
import { headerOf, keepFromErasing, requireId } from '../vault/service.ts'
import type { CheckedKeys, MatchKeysRequest } from './schemas.ts'
import { requireGiven, requireSigner } from './signer.ts'

/** What match keys are made from. */
const madeFrom = ['identity', 'contact'] as const

/**
 * Takes a recipient's match keys for one referral and epoch. Where they are not those that stood there
 * before, the referral waits to be paired by them.
 */
export async function checkMatchKeys(
  tx: Tx<KnownCaller>,
  name: string,
  { epoch, values, signature }: MatchKeysRequest,
): Promise<CheckedKeys> {
  const recipient = await requireSigner(tx, signature.kid, madeFrom)
  const referralId = await requireId(tx, name)
  await requireMatching(tx, { epoch, values })
  const stored = await headerOf(tx, referralId, recipient.kid)
  if (!stored) throw new Refusal('not-found', `no referral ${referralId} for that key`)
  await requireGiven(tx, recipient, stored, madeFrom)
  const signingKey = decodeBase64url(recipient.signingKey, 32)
  const bound = headerHash(stored.header)
  if (!matchKeysVerify(bound, { epoch, values }, signature, signingKey)) {
    throw new Refusal('signature-invalid', 'signature is not over these match keys')
  }
  await keepFromErasing(tx, referralId)
  const signed = { signer: signature.kid, signature: decodeBase64url(signature.value, 64) }
  const before = await replaceValues(
    tx,
    { referralId, epoch, ...signed },
    stored.receivedAt,
    values.map(({ type, value }) => ({ type, value: decodeBase64url(value, 16) })),
  )
  if (before !== 'same') await reconsider(tx, referralId, before === 'other')
  const object = { kind: 'referral', id: referralId } as const
  const details = { epoch, values: values.length, before }
  await append(tx, { action: 'match-keys.checked', object, recipient: recipient.kid, details })
  return { referralId, epoch, before }
}
