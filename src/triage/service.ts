/**
 * The queue: the open work on cases, earliest deadline first, one holder at a time, nothing lost.
 *
 * A claim is a lease with a fence. Whoever writes under a claim names its fence, and a fence that
 * another claim has overtaken is refused, so a holder that slept through its lease cannot touch
 * what a second one is doing. The database's clock is the only clock.
 */
import type { Static } from 'typebox'
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import { type Referrals, requireKid } from '../referrals/service.ts'
import { createCompletion, itemEntry, leaseLost } from './completion.ts'
import type { ClaimRequest, Claims, Completion, CompletionRequest, Renewal } from './schemas.ts'
import { type Claim, insertItem, leaseItems, releaseLease, renewLease } from './store.ts'

export type Triage = ReturnType<typeof createTriage>

type Options = { database: Database; audit: Audit; referrals: Referrals }

export function createTriage({ database, audit, referrals }: Options) {
  const completion = createCompletion({ audit, referrals })

  /** Puts a new case on the queue; claimable from the commit on. */
  function enqueue(tx: Tx, caseId: string, header: Header): Promise<void> {
    const { referralId, urgency, respondBy } = header
    return insertItem(tx, { id: newId(), caseId, referralId, urgency, respondBy })
  }

  /** Leases the most urgent items and releases their referrals to the caller's recipient key. */
  function claim(
    caller: KnownCaller,
    { recipient, max, leaseSeconds }: Static<typeof ClaimRequest>,
  ): Promise<Static<typeof Claims>> {
    requireKid(caller, recipient)
    return database.inTransaction(caller, async (tx) => {
      const holder = { clientId: caller.clientId, recipient }
      const items = await leaseItems(tx, holder, max, leaseSeconds)
      const ids = items.flatMap(({ referralIds }) => referralIds)
      if (ids.length === 0) return { claims: [] }
      // Statements run in the order they are sent: what is released already says `in_triage`.
      const [, released] = await Promise.all([
        referrals.beginTriage(tx, ids),
        referrals.release(tx, ids, recipient),
        audit.appendAll(tx, caller, [
          ...items.map(({ id }) => itemEntry('triage.claimed', id, { recipient })),
          ...ids.map((id) => releasedEntry(id, recipient)),
        ]),
      ])
      const claims = items.map(({ id, fence, referralIds, ...item }) => ({
        claimId: id,
        fence: Number(fence),
        caseId: item.caseId,
        dueAt: item.dueAt,
        leasedUntil: item.leasedUntil,
        referrals: released.filter(({ referralId }) => referralIds.includes(referralId)),
      }))
      return { claims }
    })
  }

  /** Prolongs a lease from now on; one that passed to another holder is lost. */
  function renew(
    caller: KnownCaller,
    { claimId, fence }: Named,
    leaseSeconds: number,
  ): Promise<Static<typeof Renewal>> {
    return database.inTransaction(caller, async (tx) => {
      const renewed = await renewLease(tx, claimOf(caller, claimId, fence), leaseSeconds)
      if (!renewed) throw leaseLost()
      await audit.append(tx, caller, itemEntry('triage.renewed', claimId))
      return renewed
    })
  }

  /** Gives an item back at its old place. */
  function release(caller: KnownCaller, { claimId, fence }: Named): Promise<void> {
    return database.inTransaction(caller, async (tx) => {
      if (!(await releaseLease(tx, claimOf(caller, claimId, fence)))) throw leaseLost()
      await audit.append(tx, caller, itemEntry('triage.released', claimId))
    })
  }

  /** Ends the work on an item: completion.ts. */
  function complete(
    caller: KnownCaller,
    claimId: string,
    { fence, ...request }: Static<typeof CompletionRequest>,
  ): Promise<Static<typeof Completion>> {
    const claim = claimOf(caller, claimId, fence)
    return database.inTransaction(caller, (tx) => completion.end(tx, caller, claim, request))
  }

  return { enqueue, claim, renew, release, complete }
}

type Named = { readonly claimId: string; readonly fence: number }

/** The entry of a referral's bytes leaving the service for one recipient key. */
export function releasedEntry(referralId: string, recipient: string) {
  const object = { kind: 'referral', id: referralId } as const
  return { action: 'referral.released', object, recipient } as const
}

function claimOf({ clientId }: KnownCaller, id: string, fence: number): Claim {
  return { id, fence, clientId }
}
