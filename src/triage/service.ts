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
import { readCursor, writeCursor } from '../database/cursor.ts'
import { Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import { resolveNames } from '../vault/naming.ts'
import { type Referrals, requireKid } from '../vault/service.ts'
import { createClaiming } from './claiming.ts'
import { createCompletion, itemEntry, leaseLost } from './completion.ts'
import { raiseUrgency } from './deadline-store.ts'
import { mergeItems, splitItems } from './merging.ts'
import type {
  ClaimRequest,
  Claims,
  Completion,
  CompletionRequest,
  ItemsPage,
  ItemsQuery,
  Renewal,
} from './schemas.ts'
import {
  type Claim,
  insertItem,
  releaseLease,
  renewLease,
  selectItems,
  selectOpenItem,
} from './store.ts'
import { selectItemByReference } from './successor-store.ts'

export type Triage = ReturnType<typeof createTriage>

type Options = { database: Database; audit: Audit; referrals: Referrals }

export function createTriage({ database, audit, referrals }: Options) {
  const claiming = createClaiming({ audit, referrals })
  const completion = createCompletion({ audit, referrals })

  /** Puts a new case on the queue; claimable from the commit on. */
  function enqueue(tx: Tx, caseId: string, header: Header): Promise<void> {
    const { referralId, urgency, respondBy } = header
    return insertItem(tx, { id: newId(), caseId, referralId, urgency, respondBy })
  }

  /** Leases the most urgent items and releases their referrals: claiming.ts. */
  function claim(
    caller: KnownCaller,
    request: Static<typeof ClaimRequest>,
  ): Promise<Static<typeof Claims>> {
    requireKid(caller, request.recipient)
    return database.inTransaction(caller, (tx) => claiming.lease(tx, caller, request))
  }

  /** Prolongs a lease from now on; one that passed to another holder is lost. */
  function renew(
    caller: KnownCaller,
    { claimId, fence }: Named,
    leaseSeconds: number,
  ): Promise<Static<typeof Renewal>> {
    return database.inTransaction(caller, async (tx) => {
      const claim = await claimOf(tx, caller, { claimId, fence })
      const renewed = await renewLease(tx, claim, leaseSeconds)
      if (!renewed) throw await leaseLost(tx, claim)
      await audit.append(tx, caller, itemEntry('triage.renewed', claim.id))
      return renewed
    })
  }

  /** Gives an item back at its old place. */
  function release(caller: KnownCaller, { claimId, fence }: Named): Promise<void> {
    return database.inTransaction(caller, async (tx) => {
      const claim = await claimOf(tx, caller, { claimId, fence })
      if (!(await releaseLease(tx, claim))) throw await leaseLost(tx, claim)
      await audit.append(tx, caller, itemEntry('triage.released', claim.id))
    })
  }

  /** Ends the work on an item: completion.ts. */
  function complete(
    caller: KnownCaller,
    claimId: string,
    { fence, ...request }: Static<typeof CompletionRequest>,
  ): Promise<Static<typeof Completion>> {
    return database.inTransaction(caller, async (tx) => {
      const claim = await claimOf(tx, caller, { claimId, fence })
      const listed = await resolveNames(tx, request.referrals)
      return completion.end(tx, caller, claim, { ...request, referrals: listed })
    })
  }

  /** The open items in one state, the earliest due first: what there is, without claiming it. */
  function list(
    caller: KnownCaller,
    { state, cursor, limit = 50 }: Static<typeof ItemsQuery>,
  ): Promise<Static<typeof ItemsPage>> {
    const after = cursor === undefined ? undefined : readCursor(cursor)
    return database.inTransaction(caller, async (tx) => {
      const found = await selectItems(tx, state, after, limit + 1)
      const items = found.slice(0, limit)
      const last = found.length > limit ? items.at(-1) : undefined
      const details = { state, items: items.length }
      await audit.append(tx, caller, { action: 'triage.listed', details })
      return {
        items: items.map(({ id, ...item }) => ({ itemId: id, ...item })),
        ...(last && { next: writeCursor({ at: new Date(last.dueAt), id: last.id }) }),
      }
    })
  }

  /** The open item of a case, as it stands now; `undefined` where its work has ended. */
  function itemOf(tx: Tx, caseId: string) {
    return selectOpenItem(tx, caseId)
  }

  return {
    ...{ enqueue, raise: raiseUrgency, merge: mergeItems, split: splitItems, itemOf },
    ...{ list, claim, renew, release, complete },
  }
}

/** `claimId` may be the reference of a referral of the item. */
type Named = { readonly claimId: string; readonly fence: number }

async function claimOf(
  tx: Tx,
  { clientId }: KnownCaller,
  { claimId, fence }: Named,
): Promise<Claim> {
  const isReference = isReferenceForm(claimId)
  const id = isReference ? await selectItemByReference(tx, claimId) : claimId
  if (id !== undefined) return { id, fence, clientId }
  throw new Refusal('lease-lost', 'there is no item of a referral with that reference')
}
