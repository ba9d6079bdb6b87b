/** Items that nobody works on for a while. */
import type { Tx } from '../../database/connect.ts'
import type { ParkReason } from '../lease.ts'
import {
  awake,
  type Claim,
  endedWith,
  isEscalated,
  isFree,
  isHeldBy,
  isOpenHead,
  isQueued,
  wasParked,
} from '../state.ts'
import { isOpenableBy } from './claim.ts'
import { type Filter, fits } from './filter.ts'

export type Parking = {
  readonly reason: ParkReason
  /** RFC 3339. None: until it is woken. */
  readonly until?: string | undefined
  readonly asideId?: string
}

/** An item as a client without a claim names it, which may say from which fence on it goes. */
export type Named = {
  readonly id: string
  readonly clientId: string
  readonly fence: number | undefined
}

/** A report that was made before is no longer the last word on the item, so it cannot be repeated. */
function parked(tx: Tx, { reason, until, asideId }: Parking) {
  return tx.sql`
    fence = item.fence + 1, leased_until = null, completed_late = null,
    park_reason = ${reason}, parked_until = ${until ?? null}::timestamptz, aside_id = ${asideId ?? null}`
}

/** The holder parks it, also late. Who did stays on the row, for a caller whose answer is lost. */
export async function parkHeld(tx: Tx, claim: Claim, parking: Parking): Promise<boolean> {
  const rows = await tx.sql`
    update triage_item item set ${parked(tx, parking)}
    where ${isHeldBy(tx, claim)}
    returning item.id`
  return rows.length > 0
}

/** Whether this very claim ended with this parking. */
export async function isParkedBy(tx: Tx, claim: Claim, { reason, until }: Parking) {
  const rows = await tx.sql`
    select from triage_item item
    where ${endedWith(tx, claim)} and ${wasParked(tx)} and item.park_reason = ${reason}
      and item.parked_until is not distinct from ${until ?? null}::timestamptz`
  return rows.length > 0
}

/** Parks an item that nobody holds. A lease that expired is counted, as by a claim. */
export async function parkFree(tx: Tx, named: Named, parking: Parking): Promise<boolean> {
  const rows = await tx.sql`
    update triage_item item
    set ${parked(tx, parking)}, ${noLongerLeased(tx)}
    where ${isNamed(tx, named)} and ${isFree(tx)}
    returning item.id`
  return rows.length > 0
}

function noLongerLeased(tx: Tx) {
  return tx.sql`lapses = item.lapses + (item.leased_until is not null)::int, leased_by = null`
}

/** An open head that the client opens, as it stood when the client read it. */
function isNamed(tx: Tx, { id, clientId, fence }: Named) {
  return tx.sql`
    item.id = ${id} and ${isOpenHead(tx)} and ${isOpenableBy(tx, clientId)}
    and item.fence = coalesce(${fence ?? null}::bigint, item.fence)`
}

/** The fence of an open item that the client opens, if it is one. */
export async function selectFence(tx: Tx, { id, clientId }: Named): Promise<number | undefined> {
  const [row] = await tx.sql<{ fence: number }[]>`
    select item.fence::float8 as fence from triage_item item
    where ${isNamed(tx, { id, clientId, fence: undefined })}`
  return row?.fence
}

/** Whether there was something to wake. */
export async function wakeItem(tx: Tx, named: Named): Promise<boolean> {
  const rows = await tx.sql`
    update triage_item item set fence = item.fence + 1, ${awake(tx)}
    where ${isNamed(tx, named)} and ${wasParked(tx)}
    returning item.id`
  return rows.length > 0
}

/** Of which items some are set aside: by their ids, or by what they are. */
export type Chosen = { readonly filter: Filter; readonly items: readonly string[] | undefined }

/**
 * Parks the waiting items that fit, behind which no organisation stands, which nobody holds and this client opens.
 *
 * @returns their ids, in their order; at most `max`
 */
export async function setAside(
  tx: Tx,
  clientId: string,
  { filter, items }: Chosen,
  parking: Parking,
  max: number,
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    with chosen as materialized (
      select item.id from triage_item item
      where ${isQueued(tx)} and not ${isEscalated(tx)} and ${isFree(tx)}
        and ${items ? tx.sql`item.id = any (${items as string[]}::uuid[])` : tx.sql`true`}
        and ${fits(tx, { ...filter, unverified: true })}
        and ${isOpenableBy(tx, clientId)}
      order by item.due_at, item.id
      limit ${max}
      for update of item skip locked
    )
    update triage_item item
    set ${parked(tx, parking)}, ${noLongerLeased(tx)}
    where item.id = any (array (select id from chosen))
    returning item.id`
  return rows.map(({ id }) => id).sort()
}

/** Wakes what was set aside by one act and still is. @returns the ids, in their order */
export async function wakeAside(tx: Tx, clientId: string, asideId: string): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    update triage_item item set fence = item.fence + 1, ${awake(tx)}
    where item.id = any (array (
      select item.id from triage_item item
      where ${wasParked(tx)} and item.aside_id = ${asideId} and ${isOpenableBy(tx, clientId)}
      order by item.id
      for update of item))
    returning item.id`
  return rows.map(({ id }) => id).sort()
}
