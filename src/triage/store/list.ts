/** Items as they are read, without claiming them. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Place } from '../../database/page.ts'
import { hasExpired, type ItemState, isOpenHead, stateOf } from '../state.ts'
import type { ItemRow } from './claim.ts'
import { isUnverified, itemUrgency } from './columns.ts'

/** The open items in one state, the earliest due first, from behind `after` on. */
export async function selectItems(
  tx: Tx,
  state: ItemState,
  after: Place | undefined,
  count: number,
) {
  type Row = Omit<ItemRow, 'fence' | 'leasedUntil'> & { lapses: number }
  return tx.sql<Row[]>`
    select item.id, item.case_id as "caseId", item.referral_ids as "referralIds",
           ${itemUrgency(tx)} as urgency, ${isUnverified(tx)} as unverified,
           item.lapses + (${hasExpired(tx)})::int as lapses,
           ${iso(tx, 'item.due_at')} as "dueAt"
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
  type Row = Pick<ItemRow, 'urgency' | 'dueAt'> & { itemId: string; state: ItemState }
  const [row] = await tx.sql<Row[]>`
    select item.id as "itemId", ${itemUrgency(tx)} as urgency,
           ${iso(tx, 'item.due_at')} as "dueAt", ${stateOf(tx)} as state
    from triage_item item
    where item.case_id = ${caseId} and ${isOpenHead(tx)}`
  return row
}
