/** Open items, counted. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { type Region, type Urgency, urgencies } from '../../referral/codes/clear.ts'
import { type ItemState, stateOf } from '../state.ts'
import { openHeads, rank, readAlone } from './columns.ts'

export type CountedRow = {
  readonly state: ItemState
  readonly urgency: Urgency
  /** Of the referral that the item was opened for. */
  readonly region: Region
  readonly items: number
  readonly overdue: number
  /** When the first of their unanswered referrals arrived. */
  readonly since: string
}

/**
 * How many there are in each state, by their urgency and region; nothing of those of which there is none.
 *
 * Members are gathered before: looked up one by one, they would take longer than all the rest.
 */
export async function countItems(tx: Tx) {
  await readAlone(tx)
  return tx.sql<CountedRow[]>`
    select counted.state, (${Object.keys(urgencies)}::text[])[counted.rank] as urgency,
           counted.region, counted.items, counted.overdue, ${iso(tx, 'counted.since')} as since
    from (
      select ${stateOf(tx)} as state,
             least(${rank(tx, tx.sql`item.urgency`)}, member.rank) as rank,
             item.region, count(*)::int as items,
             (count(*) filter (where item.due_at <= now()))::int as overdue,
             min(least(item.arrived_at, member.arrived_at)) as since
      from ${openHeads(tx)} item
      left join (
        select merged_into as head, min(${rank(tx, tx.sql`urgency`)}) as rank,
               min(arrived_at) as arrived_at
        from triage_item where merged_into is not null and completed_at is null
        group by merged_into
      ) member on member.head = item.id
      group by 1, 2, 3
    ) counted`
}
