/** The recipient's doors to a single referral: opening it without a claim, and what is said of it then. */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import type { ReleasedReferral } from '../vault/schemas.ts'
import { release, releasedEntry, requireId, requireKid } from '../vault/service.ts'
import { countOpening } from './budget-store.ts'

export { close } from './closing.ts'
export { give, giveSeveral, listGrants, revoke } from './grants.ts'
export { checkMatchKeys } from './matchkeys.ts'
export { giveUp, listWraps } from './rotating.ts'
export { stateUrgency } from './urgency.ts'
export { decideWithdrawal, listWithdrawals } from './withdrawing.ts'

/**
 * One referral for one of the caller's recipient keys, without a claim.
 *
 * @param openingsPerHour - so many a client opens in this way, lest its stolen credential empty the vault in a night
 * @throws Refusal `recipient-not-yours`, `not-found`, `opening-budget-spent`
 */
export async function open(
  tx: Tx<KnownCaller>,
  name: string,
  recipient: string,
  openingsPerHour: number,
): Promise<ReleasedReferral> {
  requireKid(tx, recipient)
  const referralId = await requireId(tx, name)
  // What is not found is rolled back, and costs nothing.
  const retryAfterSeconds = await countOpening(tx, tx.caller.clientId, openingsPerHour)
  if (retryAfterSeconds !== undefined) {
    const detail = `${openingsPerHour} referrals were opened without a claim within an hour`
    throw new Refusal('opening-budget-spent', detail, { retryAfterSeconds })
  }
  const [released] = await release(tx, [referralId], recipient)
  if (!released) throw new Refusal('not-found', `no referral ${referralId} for that key`)
  await append(tx, releasedEntry(released, recipient))
  return released
}
