/**
 * Which referrals are about one person. Every referral starts as a case of its own, so that no
 * answer to a referrer can depend on what is already known about the person; joining comes after,
 * by a step of the background work (pairing.ts) or a person, and is undone the same way.
 */
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import { enqueue } from '../triage/service.ts'
import { insertFlag, queueAgain, queueNew } from './pairing-store.ts'
import { insertCase } from './store.ts'

export { reviews, search } from './finding.ts'
export { decide } from './judging.ts'
export { notesAbout } from './noting.ts'
export { possibleMatches, read } from './reading.ts'
export { clearFlags, merge, split } from './regrouping.ts'

/** Opens a case for one new referral, with its item on the queue, to be paired after the answer. */
export async function openCase(tx: Tx, header: Header): Promise<void> {
  const caseId = newId()
  await Promise.all([
    insertCase(tx, caseId, header.referralId),
    enqueue(tx, caseId, header),
    queueNew(tx, header.referralId),
  ])
}

/** Has a referral paired once more: its match keys were checked, and may be other ones now. */
export async function reconsider(tx: Tx, referralId: string, replaced: boolean): Promise<void> {
  await queueAgain(tx, [referralId])
  if (replaced) await insertFlag(tx, referralId, 'replaced')
}
