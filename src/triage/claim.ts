/**
 * Claiming: the most urgent items are leased, and what they hold leaves the service for one
 * recipient key, in one transaction with an entry for each.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import { appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import type { ReleasedReferral } from '../vault/schemas.ts'
import { beginTriage, release, releasedEntry, requireKid } from '../vault/service.ts'
import { itemEntry } from './completion.ts'
import { lapsesMax } from './lease.ts'
import type { ClaimRequest, Claims } from './schemas.ts'
import { leaseItems } from './store/claim.ts'
import { escalateLapsed } from './store/lapse.ts'

/** Leases what `request` asks for, after escalating items whose leases expired too often. */
export async function claim(
  tx: Tx<KnownCaller>,
  { recipient, max, leaseSeconds, escalated = false, unverified }: Static<typeof ClaimRequest>,
): Promise<Static<typeof Claims>> {
  requireKid(tx, recipient)
  const lapsed = await escalateLapsed(tx)
  const holder = { clientId: tx.caller.clientId, recipient }
  const items = await leaseItems(tx, holder, max, leaseSeconds, {
    escalated,
    unverified,
  })
  const listed = items.flatMap(({ referralIds }) => referralIds)
  const released = await release(tx, listed, recipient)
  // Of a merged item this key may open only some referrals: the others were not read.
  const ids = released.map(({ referralId }) => referralId)
  const acts: Act[] = [
    ...lapsed.map((id) => itemEntry('item.escalated', id, { details: { lapses: lapsesMax } })),
    ...items.map(({ id }) => itemEntry('triage.claimed', id, { recipient })),
    ...released.map((it) => releasedEntry(it, recipient)),
  ]
  await Promise.all([beginTriage(tx, ids), appendAll(tx, acts)])
  const claims = items.map(({ id, fence, referralIds, ...item }) => ({
    claimId: id,
    fence: Number(fence),
    ...item,
    referrals: released.filter(({ referralId }) => referralIds.includes(referralId)).map(asClaimed),
  }))
  return { claims }
}

/**
 * A referral as it is under the claim: it was read before `beginTriage` changed its state. A case keeps the
 * referrals that were answered, and its holder is told which, so as to answer the others.
 */
function asClaimed({ state, ...referral }: ReleasedReferral): ReleasedReferral {
  return { ...referral, state: state === 'received' ? 'in_triage' : state }
}
