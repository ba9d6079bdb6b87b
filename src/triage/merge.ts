/**
 * What merging and splitting cases does to the queue. Each referral keeps an item of its own; the items of
 * one case are worked on as one of them, the head, which is due when the earliest of them is. After a split
 * each side stands where it would have stood by itself (state.ts).
 *
 * The caller holds the lock of `cases`, so that no two of these run at once.
 */
import type { Tx } from '../database/connect.ts'
import { lockHeads } from './store/heads.ts'
import { listReferrals, mergeItem, moveItems } from './store/merge.ts'
import { moveItemsOf, standAlone } from './store/split.ts'
import { survivorOf } from './survivor.ts'

/**
 * Makes one item of the open work of two cases. If somebody holds one of the two items, that lease stands; if
 * both are held, the earlier claim stands, and the other holder has lost its item.
 *
 * @param older - which of the two survives if neither has an open item
 * @param referralIds - all referrals of both
 * @returns the case that survives, and the one that was merged into it
 */
export async function mergeItems(
  tx: Tx,
  older: string,
  younger: string,
  referralIds: readonly string[],
): Promise<{ kept: string; merged: string }> {
  tx.announce()
  const heads = await lockHeads(tx, [older, younger])
  const [one, other] = heads
  const survivor = one && other ? survivorOf(one, other) : undefined
  const kept = survivor?.caseId ?? older
  const merged = kept === older ? younger : older
  if (survivor) {
    const loser = heads.find(({ id }) => id !== survivor.id)
    if (loser) await mergeItem(tx, loser.id, survivor.id)
  }
  await moveItems(tx, merged, kept)
  await listReferrals(tx, kept, referralIds)
  return { kept, merged }
}

/**
 * Moves the work on some referrals of a case to another case. A lease stays with the referral whose item was
 * claimed, and what was completed stays completed. An escalation stays with the referral that did not open.
 */
export async function splitItems(
  tx: Tx,
  from: { readonly caseId: string; readonly referralIds: readonly string[] },
  to: { readonly caseId: string; readonly referralIds: readonly string[] },
): Promise<void> {
  tx.announce()
  const [head] = await lockHeads(tx, [from.caseId])
  await moveItemsOf(tx, to.referralIds, to.caseId)
  for (const { caseId, referralIds } of [from, to]) {
    await standAlone(tx, caseId, head?.escalated ?? false)
    await listReferrals(tx, caseId, referralIds)
  }
}
