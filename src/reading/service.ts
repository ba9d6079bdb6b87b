/** The recipient's doors to a single referral: opening it without a claim, and what is said of it then. */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import type { ReleasedReferral } from '../vault/schemas.ts'
import { release, releasedEntry, requireId, requireKid } from '../vault/service.ts'

export { close } from './closing.ts'
export { give, giveSeveral, listGrants, revoke } from './grants.ts'
export { checkMatchKeys } from './matchkeys.ts'
export { giveUp, listWraps } from './rotating.ts'
export { stateUrgency } from './urgency.ts'
export { decideWithdrawal, listWithdrawals } from './withdrawing.ts'

/** One referral for one of the caller's recipient keys, without a claim. */
export async function open(
  tx: Tx<KnownCaller>,
  name: string,
  recipient: string,
): Promise<ReleasedReferral> {
  requireKid(tx, recipient)
  const referralId = await requireId(tx, name)
  const [released] = await release(tx, [referralId], recipient)
  if (!released) throw new Refusal('not-found', `no referral ${referralId} for that key`)
  await append(tx, releasedEntry(released, recipient))
  return released
}
