/**
 * The queue: the open work on cases, earliest deadline first, one holder at a time, nothing lost.
 *
 * A claim is a lease with a fence. Whoever writes under a claim names its fence, and a fence that
 * another claim has overtaken is refused, so a holder that slept through its lease cannot touch
 * what a second one is doing. The database's clock is the only clock.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import { resolveLists } from '../vault/service.ts'
import { endClaim, itemEntry, leaseLost } from './completion.ts'
import { claimOf, type Named } from './naming.ts'
import { type TakeNote, takeNoteOf } from './noting.ts'
import type { Completion, CompletionRequest, Renewal } from './schemas.ts'
import { insertItem } from './store/enqueue.ts'
import { releaseLease, renewLease } from './store/lease.ts'

export { attempts } from './attempts.ts'
export { createWatching } from './changes.ts'
export { createClaims } from './claiming.ts'
export { follow, placeBefore } from './following.ts'
export { handover } from './handover.ts'
export { itemOf, list, listOwn } from './listing.ts'
export { mergeItems, splitItems } from './merge.ts'
export type { TakeNote } from './noting.ts'
export { park, parkItem, setItemsAside, wake, wakeItemsAside } from './parking.ts'
export { reopen } from './reopening.ts'
export { completeSeveral } from './several.ts'
export { forgetChanges, selectEnd as changesEnd } from './store/changes.ts'
export { deleteExpiredKeys as forgetClaimKeys } from './store/claimkey.ts'
export { raiseUrgency, tellOfMessage } from './store/raise.ts'
export { deleteItemsOf, endItemOf, leaveEnded } from './store/remove.ts'
export { createSummary } from './summary.ts'
export { setUrgency } from './urgency.ts'
export { createWaiting } from './waiting.ts'
export { withdrawItem } from './withdrawing.ts'

/** Puts a new case on the queue; claimable from the commit on. */
export function enqueue(tx: Tx, caseId: string, header: Header): Promise<void> {
  const { referralId, urgency, region, channel, respondBy } = header
  tx.announce()
  const item = { referralId, urgency, region, channel, respondBy }
  return insertItem(tx, { id: newId(), caseId, ...item })
}

/** Renews a lease, from now on. @throws Refusal `lease-lost` if the item was claimed or merged since */
export async function renew(
  tx: Tx<KnownCaller>,
  named: Named,
  leaseSeconds: number,
): Promise<Static<typeof Renewal>> {
  const claim = await claimOf(tx, named)
  const renewed = await renewLease(tx, claim, leaseSeconds)
  if (!renewed) throw await leaseLost(tx, claim)
  await append(tx, itemEntry('triage.renewed', claim.id))
  return renewed
}

/** Releases an item: it goes back to its old place, and no lapse is counted. @throws Refusal `lease-lost` */
export async function release(tx: Tx<KnownCaller>, named: Named): Promise<void> {
  const claim = await claimOf(tx, named)
  if (!(await releaseLease(tx, claim))) throw await leaseLost(tx, claim)
  tx.announce()
  await append(tx, itemEntry('triage.released', claim.id))
}

/** Ends the work on an item (completion.ts), and keeps the note beside it, if there is one. */
export async function complete(
  tx: Tx<KnownCaller>,
  claimId: string,
  { fence, note, ...request }: Static<typeof CompletionRequest>,
  take: TakeNote,
): Promise<Static<typeof Completion>> {
  const claim = await claimOf(tx, { claimId, fence })
  const asked = { completed: claimId, fence, ...request }
  const taken = note && (await takeNoteOf(tx, claim.id, { note, take }, asked))
  const [referrals = []] = await resolveLists(tx, [request.referrals])
  const completion = await endClaim(tx, { claim, request: { ...request, referrals } })
  await taken?.keep()
  return completion
}
