/** Items as they are read, without claiming them. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Place } from '../../database/page.ts'
import { hasExpired, type ItemState, isOpenHead, stateOf } from '../state.ts'
import type { ItemRow } from './claim.ts'
import { isUnverified, itemUrgency } from './columns.ts'

type Row = Omit<ItemRow, 'id' | 'fence' | 'leasedUntil'> & {
  itemId: string
  state: ItemState
  lapses: number
}

/** The open items in one state, the earliest due first, from behind `after` on. */
export async function selectItems(
  tx: Tx,
  state: ItemState,
  after: Place | undefined,
  count: number,
) {
  return tx.sql<Row[]>`
    select ${columns(tx)}
    from triage_item item
    where ${isOpenHead(tx)}
      and ${state} = ${stateOf(tx)}
      and (item.due_at, item.id) > (${after?.at ?? '-infinity'}::timestamptz,
                                    ${after?.id ?? '00000000-0000-0000-0000-000000000000'}::uuid)
    order by item.due_at, item.id
    limit ${count}`
}

/** The open item of one case. */
export async function selectOpenItem(tx: Tx, caseId: string) {
  const [row] = await tx.sql<Row[]>`
    select ${columns(tx)} from triage_item item
    where item.case_id = ${caseId} and ${isOpenHead(tx)}`
  return row
}

function columns(tx: Tx) {
  return tx.sql`
    item.id as "itemId", item.case_id as "caseId", item.referral_ids as "referralIds",
    ${stateOf(tx)} as state, ${itemUrgency(tx)} as urgency, ${isUnverified(tx)} as unverified,
    item.lapses + (${hasExpired(tx)})::int as lapses, ${iso(tx, 'item.due_at')} as "dueAt"`
}
