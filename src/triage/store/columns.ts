/** How rows and columns of items are written in an answer. */
import type { Tx } from '../../database/connect.ts'
import { urgencies } from '../../referral/codes/clear.ts'
import { isQueued, wasParked } from '../state.ts'

/** All open heads, whose alias is to be `item`: each by the index that it stands in. */
export function openHeads(tx: Tx) {
  return tx.sql`(
    select item.* from triage_item item where ${isQueued(tx)}
    union all
    select item.* from triage_item item where ${wasParked(tx)})`
}

/**
 * Before a statement that reads each open item once, because no index holds a lease. Several processes at once would take
 * the processors from claims, and compiling the plan would take longer than it saves.
 */
export async function readAlone(tx: Tx): Promise<void> {
  await tx.sql`
    select set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)`
}

/**
 * The most urgent of what is worked on as `item`, an open item that is merged into none. Its own urgency stands
 * on its row; asked for together with its members' (`id = … or merged_into = …`), a table without statistics
 * was read through an index of all open items, once for each item.
 */
export function itemUrgency(tx: Tx) {
  return tx.sql`(
    select worked.urgency from (
      select item.urgency
      union all
      select member.urgency from triage_item member
      where member.merged_into = item.id and member.completed_at is null) worked
    order by ${rank(tx, tx.sql`worked.urgency`)}
    limit 1)`
}

/** The different values of a column among what is worked on as `item`: its own, and its open members'. */
export function workedOf(tx: Tx, column: 'region' | 'channel' | 'organisation_id') {
  const name = tx.sql(column)
  return tx.sql`array (
    select item.${name} where item.${name} is not null
    union
    select member.${name} from triage_item member
    where member.merged_into = item.id and member.completed_at is null and member.${name} is not null
    order by 1)`
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
