/** Which items are asked for: conditions on a row of `triage_item` with the alias `item`, an open head. */
import type { PendingQuery, Row } from 'postgres'
import type { Tx } from '../../database/connect.ts'
import { attemptsOf } from './attempts.ts'
import { isUnverified, itemUrgency } from './columns.ts'

/** What is left out excludes nothing. Of a list any of its words will do. */
export type Filter = {
  readonly regions?: readonly string[] | undefined
  readonly channels?: readonly string[] | undefined
  readonly organisations?: readonly string[] | undefined
  /** As they stand now. */
  readonly urgencies?: readonly string[] | undefined
  readonly unverified?: boolean | undefined
  /** RFC 3339. */
  readonly dueBefore?: string | undefined
  readonly caseId?: string | undefined
  readonly parkReason?: string | undefined
  readonly asideId?: string | undefined
  /** It was leased so often, or more often. */
  readonly attemptsMin?: number | undefined
}

type Condition = PendingQuery<Row[]>

/**
 * Whether `item` fits. A case of several referrals has the region, channel and organisation of each that waits for
 * an answer. Only the conditions that are asked for stand in the statement, so that each has the plan it needs; what
 * is on the row itself is looked at before any other row is.
 */
export function fits(tx: Tx, filter: Filter): Condition {
  const { sql } = tx
  const { regions, channels, organisations, urgencies, unverified, dueBefore, caseId } = filter
  const { parkReason, asideId, attemptsMin } = filter
  const among = (list: readonly string[]) => sql`any (${list as string[]}::text[])`
  const conditions = [
    caseId !== undefined && sql`item.case_id = ${caseId}`,
    parkReason !== undefined && sql`item.park_reason = ${parkReason}`,
    asideId !== undefined && sql`item.aside_id = ${asideId}`,
    dueBefore !== undefined && sql`item.due_at < ${dueBefore}::timestamptz`,
    // Each lease raised the fence: of most items that says enough.
    attemptsMin !== undefined &&
      sql`item.fence >= ${attemptsMin} and ${attemptsOf(tx)} >= ${attemptsMin}`,
    regions && worked(tx, (row) => sql`${row}.region = ${among(regions)}`),
    channels && worked(tx, (row) => sql`${row}.channel = ${among(channels)}`),
    organisations &&
      worked(tx, (row) => {
        return sql`${row}.organisation_id = any (${organisations as string[]}::uuid[])`
      }),
    urgencies &&
      sql`case when cardinality(item.referral_ids) = 1 then item.urgency
               else ${itemUrgency(tx)} end = ${among(urgencies)}`,
    unverified !== undefined && sql`(${isUnverified(tx)}) = ${unverified}`,
  ].filter((condition) => condition !== undefined && condition !== false)
  return conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`true`)
}

/**
 * Whether it is so of one of the unanswered referrals that are worked on as `item`. By `exists` PostgreSQL would read the
 * whole table into a hash, once for each claim.
 */
function worked(tx: Tx, isSo: (row: Condition) => Condition): Condition {
  return tx.sql`(
    ${isSo(tx.sql`item`)}
    or cardinality(item.referral_ids) > 1 and (
      select bool_or(${isSo(tx.sql`member`)}) from triage_item member
      where member.merged_into = item.id and member.completed_at is null))`
}
