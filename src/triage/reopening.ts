/**
 * Reopening: a completion was wrong, and whoever sees it takes it back, within a day of it. What it answered has no answer
 * any more and is on the queue, at its old place; what has been done since stands, and so does what others answered.
 *
 * The completed item stays as it was, and what it was about comes as a new one: whoever completed it can repeat that no
 * more. Where the case has an open item by now, the two are merged as any are (survivor.ts).
 */
import { append, appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { casesLock, takeTurn } from '../database/lock.ts'
import { Refusal, required } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { takeBackAnswers } from '../vault/service.ts'
import { dueText } from './calendar.ts'
import { itemEntry } from './completion.ts'
import { reopenedHoursMax } from './lease.ts'
import { itemOf } from './naming.ts'
import { lockHeads } from './store/heads.ts'
import { listReferrals, mergeItem } from './store/merge.ts'
import {
  type Again,
  type Answered,
  insertAgain,
  lockAnswered,
  lockCompleted,
  markReopened,
  selectReferralsOf,
} from './store/reopen.ts'
import { type Head, survivorOf } from './survivor.ts'

/** Takes a completion back; repeated, it was done. @throws Refusal `not-found`, `reopening-over`, `state-refused` */
export async function reopen(tx: Tx<KnownCaller>, name: string): Promise<void> {
  // Nobody merges or splits cases meanwhile, nor opens another item of this one.
  await takeTurn(tx, casesLock)
  const itemId = await itemOf(tx, name)
  const completed = await lockCompleted(tx, itemId, tx.caller.clientId)
  if (!completed) {
    throw new Refusal('not-found', 'there is no completed item of that id that you can open')
  }
  if (completed.isReopened) {
    return append(tx, itemEntry('item.reopened', itemId, { details: { repeated: true } }))
  }
  if (completed.isOver) {
    const detail = `it was completed over ${reopenedHoursMax} hours ago`
    throw new Refusal('reopening-over', detail)
  }
  const answered = await lockAnswered(tx, itemId)
  if (answered.length === 0) {
    throw new Refusal('state-refused', 'what ended with it was withdrawn, or is closed since')
  }
  await markReopened(tx, itemId)
  const ids = answered.map(({ referralId }) => referralId)
  await takeBackAnswers(tx, ids)
  // Several, where the case was split since.
  for (const caseId of new Set(answered.map((one) => one.caseId))) {
    const together = answered.filter((one) => one.caseId === caseId)
    await openAgain(tx, caseId, together, completed.escalatedAt)
  }
  tx.announce()
  await appendAll(tx, [
    itemEntry('item.reopened', itemId, { details: { referrals: ids.length } }),
    ...ids.map((id) => {
      return { action: 'referral.reopened', object: { kind: 'referral', id } } as const
    }),
  ])
}

/** Opens one item for all of a case, and makes it one with the open item that the case may have. */
async function openAgain(
  tx: Tx,
  caseId: string,
  answered: readonly Answered[],
  wasEscalatedAt: string | null,
): Promise<void> {
  const [open] = await lockHeads(tx, [caseId])
  const again = againOf(answered, wasEscalatedAt)
  await insertAgain(tx, again)
  if (!open) return
  const first = required(again[0], 'a case of something answered')
  const was = required(
    answered.find(({ id }) => id === first.was),
    'its own',
  )
  const own: Head = {
    ...{ id: first.id, caseId, leased: false, claimedMs: null },
    escalated: first.escalatedAt !== null,
    arrivedMs: Date.parse(was.arrivedAt),
  }
  const survivor = survivorOf(own, open)
  await mergeItem(tx, survivor === own ? open.id : own.id, survivor.id)
  await listReferrals(tx, caseId, await selectReferralsOf(tx, caseId))
}

/** The new items, the head first: it is due when the earliest is, and escalated by the rule of `endMembers`. */
function againOf(answered: readonly Answered[], wasEscalatedAt: string | null): Again[] {
  const due = answered
    .map((was) => ({ was, ownDueAt: dueText(was), id: newId() }))
    .sort((a, b) => (a.ownDueAt < b.ownDueAt ? -1 : Number(a.ownDueAt > b.ownDueAt)))
  const head = required(due[0], 'a case of something answered').id
  const reasons = answered.flatMap(({ escalatedBefore }) => escalatedBefore ?? []).sort()
  const isEscalated = wasEscalatedAt !== null || reasons.length === answered.length
  return due.map(({ was, ownDueAt, id }) => ({
    ...{ id, was: was.id, urgency: was.urgency, ownDueAt, dueAt: ownDueAt },
    mergedInto: id === head ? null : head,
    escalatedAt: id === head && isEscalated ? (reasons[0] ?? wasEscalatedAt) : null,
  }))
}
