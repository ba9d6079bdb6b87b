/**
 * Which referrals are about one person. Every referral starts as a case of its own, so that no
 * answer to a referrer can depend on what is already known about the person; they are merged later,
 * by a step of the background work (pairing.ts) or by a person, and can be split again.
 */
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import { enqueue } from '../triage/service.ts'
import { deleteFlag, insertFlag, insertWithdrawalFlag } from './store/flags.ts'
import { insertCase } from './store/members.ts'
import { pairAgain } from './store/waiting.ts'

export { exportCase } from './exporting.ts'
export { leaveCase } from './leaving.ts'
export { notesAbout, takeNote } from './notes.ts'
export { possibleMatches, read, reviews, search } from './read.ts'
export { clearFlags, decide, merge, split } from './review.ts'
export { takeOffQueue } from './withdrawing.ts'

/** Opens a case for one new referral, with its item on the queue, to be paired after the answer. */
export async function openCase(tx: Tx, header: Header): Promise<void> {
  const caseId = newId()
  await Promise.all([insertCase(tx, caseId, header.referralId), enqueue(tx, caseId, header)])
}

/** Has a referral paired once more: its match keys were checked, and may be other ones now. */
export async function reconsider(tx: Tx, referralId: string, replaced: boolean): Promise<void> {
  await pairAgain(tx, [referralId])
  if (replaced) await insertFlag(tx, referralId, 'replaced')
}

/** Has people look at a referral whose withdrawal was asked for. */
export function flagWithdrawal(tx: Tx, referralId: string): Promise<void> {
  return insertWithdrawalFlag(tx, referralId)
}

/** Has people look at a referral about which its referrer wrote after the work on it had ended. */
export function flagMessage(tx: Tx, referralId: string): Promise<void> {
  return insertFlag(tx, referralId, 'message')
}

/** Nobody need look any more: somebody decided. */
export function unflagWithdrawal(tx: Tx, referralId: string): Promise<void> {
  return deleteFlag(tx, referralId, 'withdrawal')
}
