/** How columns of an item are written in an answer. */
import type { Tx } from '../../database/connect.ts'
import { urgencies } from '../../referral/codes/clear.ts'

/** The most urgent of what is worked on as `item`, an item that is merged into none. */
export function itemUrgency(tx: Tx) {
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

/** Whether no organisation stands behind any referral of its case: each is signed by a receipt. */
export function isUnverified(tx: Tx) {
  return tx.sql`not exists (
    select from referral r where r.id = any (item.referral_ids) and r.organisation_id is not null)`
}
