/**
 * What a withdrawal does to the queue. If nothing else of the case waits for an answer, the work ends, also while somebody
 * holds it, or nobody is to for a while. Else it goes on as the same item, with the deadline and the urgency of what
 * remains, and whoever holds it is told that the case has changed.
 *
 * The caller holds the lock of `cases`, so that nothing is merged or split meanwhile.
 */
import type { Fact } from '../audit/entry.ts'
import type { Tx } from '../database/connect.ts'
import { beginTriage } from '../vault/service.ts'
import { lockHeads } from './store/heads.ts'
import { listReferrals } from './store/merge.ts'
import { standAlone } from './store/split.ts'
import { endWithdrawn, leaveHead, selectWithdrawn } from './store/withdraw.ts'

/**
 * Takes a withdrawn referral off the queue.
 *
 * @param referralIds - all referrals of its case
 * @returns what was done, as an entry of the log says it
 */
export async function withdrawItem(
  tx: Tx,
  caseId: string,
  referralId: string,
  referralIds: readonly string[],
): Promise<Readonly<Record<string, Fact>>> {
  tx.announce()
  const [head] = await lockHeads(tx, [caseId])
  const withdrawn = await selectWithdrawn(tx, referralId)
  // Its holder was faster, and ended the work with an answer that this one did not get.
  if (!head || !withdrawn) return { item: 'none' }
  if (withdrawn.isLast) {
    await endWithdrawn(tx, head.id)
    return { item: head.id, ended: true }
  }
  const successor = await leaveHead(tx, withdrawn)
  // Whoever holds the head has this one in hand.
  if (successor !== undefined && head.claimedMs !== null) await beginTriage(tx, [successor])
  await standAlone(tx, caseId, head.escalated)
  const rest = referralIds.filter((id) => id !== referralId)
  await listReferrals(tx, caseId, rest)
  return { item: head.id, ended: false }
}
