/**
 * Parking: nobody works on an item for a while, because there is nothing to be done yet. Nobody failed, and nothing is
 * forgotten: it wakes at its time, or once its case has other referrals, and stands at its old place again.
 *
 * Its holder parks it under the claim. A person may park, wake or set aside without one; an act that names the fence of
 * an older screen is refused, so that it overwrites nothing.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import { append, appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { writeDownByClock } from './claim.ts'
import { itemEntry, leaseLost } from './completion.ts'
import { filterOf } from './filter.ts'
import { asideItemsMax, parkedDaysMax } from './lease.ts'
import { claimOf } from './naming.ts'
import { type TakeNote, takeNoteOf } from './noting.ts'
import type {
  Aside,
  AsideRequest,
  ItemParkingRequest,
  ParkingRequest,
  WakingRequest,
} from './parkingschemas.ts'
import {
  isParkedBy,
  type Named,
  type Parking,
  parkFree,
  parkHeld,
  selectFence,
  setAside,
  wakeAside,
  wakeItem,
} from './store/park.ts'
import { tellReferrers } from './telling.ts'

const dayMs = 24 * 3_600_000

/** Parks what the caller holds; repeated, it was done. @throws Refusal `lease-lost` */
export async function park(
  tx: Tx<KnownCaller>,
  claimId: string,
  { fence, note, ...request }: Static<typeof ParkingRequest>,
  take: TakeNote,
): Promise<void> {
  const claim = await claimOf(tx, { claimId, fence })
  const parking = parkingOf(tx, request)
  const asked = { parked: claimId, fence, ...request }
  const taken = note && (await takeNoteOf(tx, claim.id, { note, take }, asked))
  const isDone = await parkHeld(tx, claim, parking)
  if (!isDone && !(await isParkedBy(tx, claim, parking))) throw await leaseLost(tx, claim)
  await taken?.keep()
  const told = isDone
    ? await tellReferrers(tx, claim.id, request.reason, request.tellReferrersOf)
    : []
  const details = { ...said(parking), ...(!isDone && { repeated: true }) }
  await appendAll(tx, [itemEntry('triage.parked', claim.id, { details }), ...told])
}

/** Parks what nobody holds, again if it is parked. @throws Refusal `not-found`, `item-held`, `item-changed` */
export async function parkItem(
  tx: Tx<KnownCaller>,
  id: string,
  { fence, note, ...request }: Static<typeof ItemParkingRequest>,
  take: TakeNote,
): Promise<void> {
  const parking = parkingOf(tx, request)
  // Without the fence: sent again, it has risen by the parking itself.
  const asked = { parked: id, ...request }
  const taken = note && (await takeNoteOf(tx, id, { note, take }, asked))
  if (taken?.isKept) {
    const details = { ...said(parking), repeated: true }
    await append(tx, itemEntry('triage.parked', id, { details }))
    return
  }
  const acts = await writeDownByClock(tx)
  const named = { id, clientId: tx.caller.clientId, fence }
  if (!(await parkFree(tx, named, parking))) {
    await requireStanding(tx, named)
    throw new Refusal('item-held', 'somebody holds it, or did a moment ago: only they can park it')
  }
  await taken?.keep()
  const told = await tellReferrers(tx, id, request.reason, request.tellReferrersOf)
  const parked = itemEntry('triage.parked', id, { details: said(parking) })
  await appendAll(tx, [...acts, parked, ...told])
}

/** Ends the parking of an item; of one that is not parked nothing changes. @throws Refusal `not-found`, `item-changed` */
export async function wake(
  tx: Tx<KnownCaller>,
  id: string,
  { fence }: Static<typeof WakingRequest>,
): Promise<void> {
  const named = { id, clientId: tx.caller.clientId, fence }
  const isDone = await wakeItem(tx, named)
  if (isDone) tx.announce()
  else await requireStanding(tx, named)
  await append(
    tx,
    itemEntry('triage.woken', id, { ...(!isDone && { details: { repeated: true } }) }),
  )
}

/**
 * Sets waiting items aside that nobody holds and behind which no organisation stands, such as a burst from the public
 * form: by one act, by which they are listed, and woken again.
 */
export async function setItemsAside(
  tx: Tx<KnownCaller>,
  { until, items, ...asked }: Static<typeof AsideRequest>,
): Promise<Static<typeof Aside>> {
  const asideId = newId()
  const parking = { ...parkingOf(tx, { reason: 'set_aside', until }), asideId }
  const acts = await writeDownByClock(tx)
  const filter = await filterOf(tx, asked)
  const { clientId } = tx.caller
  const ids = await setAside(tx, clientId, { filter, items }, parking, asideItemsMax)
  const filters = Object.keys(asked).sort().join(' ')
  const details = { ...said(parking), ...(filters && { filters }) }
  await appendAll(tx, [...acts, ...asideEntries('triage.parked', asideId, ids, details)])
  return { asideId, items: ids.length }
}

/** Brings back what is still aside of what one act set aside. */
export async function wakeItemsAside(
  tx: Tx<KnownCaller>,
  asideId: string,
): Promise<Static<typeof Aside>> {
  const ids = await wakeAside(tx, tx.caller.clientId, asideId)
  if (ids.length > 0) tx.announce()
  await appendAll(tx, asideEntries('triage.woken', asideId, ids))
  return { asideId, items: ids.length }
}

/** @throws Refusal `malformed-request` for a time that has passed, or is too far */
function parkingOf({ now }: Tx, { reason, until }: Omit<Parking, 'asideId'>): Parking {
  if (until === undefined) return { reason, until }
  // Through the calendar: the 30th of February has the form of a day, and PostgreSQL would fail on it.
  const at = new Date(until)
  const latest = now.getTime() + parkedDaysMax * dayMs
  if (at > now && at.getTime() <= latest) return { reason, until: at.toISOString() }
  const detail = `until is not after now and at most ${parkedDaysMax} days away`
  throw new Refusal('malformed-request', detail)
}

function said({ reason, until }: Parking) {
  return { reason, ...(until !== undefined && { until }) }
}

/** One entry for so many items: thousands in one would make a page of the log longer than auditors can read. */
const entryItemsMax = 200

function asideEntries(
  action: 'triage.parked' | 'triage.woken',
  id: string,
  ids: readonly string[],
  said: Act['details'] = {},
): Act[] {
  const count = Math.max(1, Math.ceil(ids.length / entryItemsMax))
  return Array.from({ length: count }, (_, part) => {
    const items = ids.slice(part * entryItemsMax, (part + 1) * entryItemsMax).join(' ')
    return { action, object: { kind: 'aside', id }, details: { ...said, items } }
  })
}

/** The item is there, and as it was read. @throws Refusal `not-found`, `item-changed` */
async function requireStanding(tx: Tx, named: Named): Promise<void> {
  const fence = await selectFence(tx, named)
  if (fence === undefined) {
    throw new Refusal('not-found', 'there is no open item of that id that you can open')
  }
  if (named.fence === undefined || named.fence === fence) return
  throw new Refusal('item-changed', 'fence is not the current one of this item')
}
