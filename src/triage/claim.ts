/**
 * Claiming: the most urgent items are leased, and what they hold leaves the service for one
 * recipient key, in one transaction with an entry for each.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import { appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import type { ReleasedReferral } from '../vault/schemas.ts'
import { beginTriage, release, releasedEntry, requireKid } from '../vault/service.ts'
import { type Asked, claimedBefore, keepClaim } from './claimkey.ts'
import { itemEntry } from './completion.ts'
import { filterOf, isOfOne } from './filter.ts'
import type { Floors } from './floor.ts'
import { lapsesMax } from './lease.ts'
import type { Claims } from './schemas.ts'
import { selectHolder } from './store/chosen.ts'
import { type Among, type ItemRow, leaseItems, type Place, selectClaimable } from './store/claim.ts'
import { writeDown } from './store/lapse.ts'

/**
 * Leases what `request` asks for, after writing down what the clock did: items whose leases expired too often are
 * escalated, and what was parked until now is waiting.
 *
 * @param floors - where it may begin to look (floor.ts)
 * @param key - under which the same request gets the same items again (claimkey.ts)
 * @returns what is handed out; how many items were leased for it, none if it is the same again; how many of these
 * had a lease that expired; and whether it is the same again
 */
export async function claim(
  tx: Tx<KnownCaller>,
  request: Asked,
  floors: Floors,
  key?: string,
): Promise<Done> {
  const { recipient, max, leaseSeconds, compartments } = request
  requireKid(tx, recipient)
  const before = key === undefined ? undefined : await claimedBefore(tx, key, request)
  if (before) {
    const answer = await handOut(tx, before, {
      ...{ recipient, compartments, details: { repeated: true } },
    })
    return { answer, items: 0, lapsed: 0, isRepeated: true }
  }
  const holder = { clientId: tx.caller.clientId, recipient }
  const among = await amongOf(tx, request)
  const lease = (from?: Place) => leaseItems(tx, holder, max, leaseSeconds, { ...among, from })
  // Sent together, and done one after the other.
  const [acts, { items, lapsed }] = await Promise.all([
    writeDownByClock(tx),
    isWhole(among) ? floors.lease(recipient, max, lease) : lease(),
  ])
  const { caseId } = among.filter
  if (items.length === 0 && caseId !== undefined) throw await unclaimed(tx, caseId, recipient)
  if (key !== undefined) await keepClaim(tx, key, request, items)
  const answer = await handOut(tx, items, { recipient, compartments, acts })
  return { answer, items: items.length, lapsed, isRepeated: false }
}

type Done = {
  readonly answer: Static<typeof Claims>
  readonly items: number
  readonly lapsed: number
  readonly isRepeated: boolean
}

/** Which items are wanted, and not what of them. */
export type Wanted = Omit<Asked, 'max' | 'leaseSeconds' | 'compartments'>

/** Some of the items that `claim` would lease for this request, by their ids. Changes nothing. */
export async function claimable(tx: Tx, request: Wanted): Promise<string[]> {
  return selectClaimable(tx, request.recipient, await amongOf(tx, request))
}

async function amongOf(tx: Tx, { escalated = false, ...asked }: Wanted): Promise<Among> {
  const list = isOfOne(asked) ? 'either' : escalated ? 'escalated' : 'queue'
  return { list, filter: await filterOf(tx, asked) }
}

/** Nothing on the queue is left out. */
function isWhole({ list, filter }: Among): boolean {
  return list === 'queue' && Object.values(filter).every((value) => value === undefined)
}

/** What the clock did to items, before anything else is done with them. @returns the entries */
export async function writeDownByClock(tx: Tx): Promise<Act[]> {
  const escalated = await writeDown(tx)
  if (escalated.length > 0) tx.announce()
  return escalated.map((id) => itemEntry('item.escalated', id, { details: { lapses: lapsesMax } }))
}

/** Why the one item that was asked for was not leased. Who holds it is not told. */
async function unclaimed(tx: Tx<KnownCaller>, caseId: string, recipient: string): Promise<Refusal> {
  const found = await selectHolder(tx, caseId, recipient)
  if (!found) {
    return new Refusal('not-found', 'there is no open work on that case that your key opens')
  }
  const own = found.holder === tx.caller.clientId
  const detail = own
    ? 'your own client holds it: GET /v1/triage/claims lists it with its fence'
    : 'somebody else holds it, or is claiming it at this moment'
  return new Refusal('item-held', detail)
}

/** What is leased leaves the service, with an entry for each item and each referral. @param acts - written with them */
async function handOut(
  tx: Tx<KnownCaller>,
  items: readonly ItemRow[],
  { recipient, compartments, acts = [], details }: HandingOut,
): Promise<Static<typeof Claims>> {
  const listed = items.flatMap(({ referralIds }) => referralIds)
  const released = await release(tx, listed, recipient, compartments)
  // Of a merged item this key may open only some referrals: the others were not read.
  const ids = released.map(({ referralId }) => referralId)
  const said = { recipient, ...(details && { details }) }
  await Promise.all([
    beginTriage(tx, ids),
    appendAll(tx, [
      ...acts,
      ...items.map(({ id }) => itemEntry('triage.claimed', id, said)),
      ...released.map((it) =>
        releasedEntry(it, recipient, compartments && Object.keys(it.compartments)),
      ),
    ]),
  ])
  const claims = items.map(({ id, fence, referralIds, ...item }) => ({
    claimId: id,
    fence: Number(fence),
    ...item,
    referrals: released.filter(({ referralId }) => referralIds.includes(referralId)).map(asClaimed),
  }))
  return { claims }
}

type HandingOut = Pick<Act, 'details'> & {
  readonly recipient: string
  readonly compartments: Asked['compartments']
  readonly acts?: readonly Act[]
}

/**
 * A referral as it is under the claim: it was read before `beginTriage` changed its state. A case keeps the
 * referrals that were answered, and its holder is told which, so as to answer the others.
 */
function asClaimed({ state, ...referral }: ReleasedReferral): ReleasedReferral {
  return { ...referral, state: state === 'received' ? 'in_triage' : state }
}
