/**
 * Rotation: a key that is about to go has its wraps passed on to the key that follows it, each by a grant, and then gives
 * them up. Wraps leave the service here without a compartment, so that this is no opening; each is an entry all the same.
 */
import type { Static } from 'typebox'
import { appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { listedReader } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { giveUpPassed, releaseWraps, requireKid } from '../vault/service.ts'
import {
  type GivenUp,
  type GivingUpQuery,
  givenUpAtOnceMax,
  grantsAtOnceMax,
  type WrapsPage,
  type WrapsQuery,
} from './grantschemas.ts'

/** Before every id. */
const nil = '00000000-0000-0000-0000-000000000000'

/** A page of the wraps of one of the caller's keys, of referrals that the key `to` does not have as they are. */
export async function listWraps(
  tx: Tx<KnownCaller>,
  { recipient, to, after = nil, limit = grantsAtOnceMax }: WrapsQuery,
): Promise<Static<typeof WrapsPage>> {
  requireKid(tx, recipient)
  const listed = (await listedReader(tx, to))?.compartments ?? []
  const page = await releaseWraps(tx, { from: recipient, to, listed }, after, limit)
  await appendAll(
    tx,
    page.referrals.map(({ referralId, reference }) => ({
      action: 'wrap.released',
      object: { kind: 'referral', id: referralId },
      recipient,
      details: { reference, to },
    })),
  )
  return page
}

/**
 * Deletes wraps of one of the caller's keys, of referrals that the key `to` has a wrap of, at most so many at once.
 *
 * @throws Refusal `unknown-recipient-key` where `to` is listed no more, `wrap-needed` where the newest keyset names the key
 *   that is to be given up: what is sealed is sealed to it still
 */
export async function giveUp(
  tx: Tx<KnownCaller>,
  { recipient, to }: GivingUpQuery,
): Promise<Static<typeof GivenUp>> {
  requireKid(tx, recipient)
  const [own, follower] = [await listedReader(tx, recipient), await listedReader(tx, to)]
  if (!follower) {
    throw new Refusal('unknown-recipient-key', 'to is not in the newest keyset or directory')
  }
  if (own) throw new Refusal('wrap-needed', 'the newest keyset or directory names recipient')
  const following = { from: recipient, to, listed: follower.compartments }
  const { deleted, ...rest } = await giveUpPassed(tx, following, givenUpAtOnceMax)
  await appendAll(
    tx,
    deleted.map((id) => ({
      action: 'wrap.deleted',
      object: { kind: 'referral', id },
      recipient,
      details: { to },
    })),
  )
  return { deleted: deleted.length, ...rest }
}
