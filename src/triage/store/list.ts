/** Items as they are read, without claiming them. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Place } from '../../database/page.ts'
import type { Channel, Region } from '../../referral/codes/clear.ts'
import type { ParkReason } from '../lease.ts'
import {
  hasExpired,
  type ItemState,
  isOpenHead,
  isParked,
  isQueued,
  stateOf,
  wasParked,
} from '../state.ts'
import { attemptsOf } from './attempts.ts'
import type { ItemRow } from './claim.ts'
import { isUnverified, itemUrgency, workedOf } from './columns.ts'
import { type Filter, fits } from './filter.ts'

export type ListedRow = Omit<ItemRow, 'id' | 'fence' | 'leasedUntil'> & {
  itemId: string
  references: string[]
  state: ItemState
  lapses: number
  attempts: number
  fence: string
  leasedUntil: string | null
  parkReason: ParkReason | null
  parkedUntil: string | null
  asideId: string | null
  holder: string | null
  regions: Region[]
  channels: Channel[]
  organisations: string[]
}

/** The open items in one state, the earliest due first, from behind `after` on. */
export async function selectItems(
  tx: Tx,
  { state, filter }: { readonly state: ItemState; readonly filter: Filter },
  after: Place | undefined,
  count: number,
) {
  const among = (indexed: typeof isQueued) => tx.sql`
    (select item.* from triage_item item
     where ${indexed(tx)}
       and ${state} = ${stateOf(tx)}
       and ${fits(tx, filter)}
       and ${isBehind(tx, after)}
     order by item.due_at, item.id
     limit ${count})`
  // What is parked has an index of its own, and is waiting or escalated again by the clock alone.
  const both = () => tx.sql`${among(isQueued)} union all ${among(wasParked)}`
  const found =
    state === 'parked' ? among(wasParked) : state === 'leased' ? among(isQueued) : both()
  return tx.sql<ListedRow[]>`
    select ${columns(tx)}
    from (${found}) item
    order by item.due_at, item.id
    limit ${count}`
}

/** The items that a client holds now, each with its fence, in the same order. */
export async function selectHeld(
  tx: Tx,
  clientId: string,
  after: Place | undefined,
  count: number,
) {
  return tx.sql<ListedRow[]>`
    select ${columns(tx)}
    from triage_item item
    where ${isQueued(tx)}
      and item.leased_by = ${clientId} and item.leased_until > now()
      and ${isBehind(tx, after)}
    order by item.due_at, item.id
    limit ${count}`
}

function isBehind(tx: Tx, after: Place | undefined) {
  return tx.sql`
    (item.due_at, item.id) > (${after?.at ?? '-infinity'}::timestamptz,
                              ${after?.id ?? '00000000-0000-0000-0000-000000000000'}::uuid)`
}

/** The open item of one case. */
export async function selectOpenItem(tx: Tx, caseId: string) {
  const [row] = await tx.sql<ListedRow[]>`
    select ${columns(tx)} from triage_item item
    where item.case_id = ${caseId} and ${isOpenHead(tx)}`
  return row
}

function columns(tx: Tx) {
  return tx.sql`
    item.id as "itemId", item.fence, item.case_id as "caseId", item.referral_ids as "referralIds",
    array (select r.reference from referral r where r.id = any (item.referral_ids)
           order by r.received_at, r.id) as references,
    ${stateOf(tx)} as state, ${itemUrgency(tx)} as urgency, ${isUnverified(tx)} as unverified,
    item.lapses + (${hasExpired(tx)})::int as lapses, ${attemptsOf(tx)} as attempts, ${iso(tx, 'item.due_at')} as "dueAt",
    case when item.leased_until > now() then ${iso(tx, 'item.leased_until')} end as "leasedUntil",
    case when item.leased_until > now()
         then (select c.label from client c where c.id = item.leased_by) end as holder,
    case when ${isParked(tx)} then item.park_reason end as "parkReason",
    case when ${isParked(tx)} then ${iso(tx, 'item.parked_until')} end as "parkedUntil",
    case when ${isParked(tx)} then item.aside_id end as "asideId",
    ${workedOf(tx, 'region')} as regions, ${workedOf(tx, 'channel')} as channels,
    ${workedOf(tx, 'organisation_id')} as organisations`
}
