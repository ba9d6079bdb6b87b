/** A holder hands its item to a named colleague: another client that works the queue and opens it. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { itemEntry, leaseLost } from './completion.ts'
import type { HandoverRequest } from './handoverschemas.ts'
import { claimOf } from './naming.ts'
import { handOver, isHeld } from './store/handover.ts'

/**
 * The colleague's lease begins now, under a fence of its own: `GET /v1/triage/claims` shows it both.
 *
 * @throws Refusal `lease-lost`, `not-found` for a client that cannot have it
 */
export async function handover(
  tx: Tx<KnownCaller>,
  claimId: string,
  { fence, to, leaseSeconds }: Static<typeof HandoverRequest>,
): Promise<void> {
  const claim = await claimOf(tx, { claimId, fence })
  if (!(await handOver(tx, claim, to, leaseSeconds))) {
    if (!(await isHeld(tx, claim))) throw await leaseLost(tx, claim)
    throw new Refusal('not-found', 'no client of that id works the queue and opens this item')
  }
  await append(tx, itemEntry('triage.handed-over', claim.id, { details: { to } }))
}
