/** How columns of an item are written in an answer. */
import type { Tx } from '../../database/connect.ts'
import { urgencies } from '../../referral/codes/clear.ts'

/** An instant column of `item` as it is sent. */
export function iso(tx: Tx, column: 'due_at' | 'leased_until' | 'completed_at') {
  return tx.sql`to_char(item.${tx.sql(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** The most urgent of what is worked on as `item`, an item that is merged into none. */
export function standingUrgency(tx: Tx) {
  return tx.sql`(
    select member.urgency from triage_item member
    where member.completed_at is null and (member.id = item.id or member.merged_into = item.id)
    order by ${rank(tx, tx.sql`member.urgency`)}
    limit 1)`
}

/** 1 for the most urgent. */
export function rank(tx: Tx, urgency: ReturnType<Tx['sql']>) {
  return tx.sql`array_position(${Object.keys(urgencies)}::text[], ${urgency})`
}
