/** What became of items, read in an order in which nothing is missed (migrations/0001_access.sql). */
import type { Tx } from '../../database/connect.ts'
import { epochOf } from '../../database/epoch.ts'
import { iso } from '../../database/iso.ts'
import { type ChangeType, changesKeptDays } from '../change.ts'

/** Behind which change a reader stands. Decimal: the numbers are longer than a number holds. */
export type ChangePlace = { readonly position: string; readonly number: string }

type Row = { id: string; type: ChangeType; itemId: string; caseId: string; at: string }
type Changes = {
  /** Another one counts transactions otherwise, so a place is of one epoch. */
  readonly epoch: string
  /** Below it nothing is still to come. */
  readonly horizon: string
  /** Whether the place asked for has not been reached yet, or something behind it may be forgotten. */
  readonly outdated: boolean
  /** In the order of their places, of which each has its own in `position`. */
  readonly rows: readonly (Row & { readonly position: string })[]
}

/**
 * The changes behind a place, as far as nothing before them is still to come.
 *
 * The epoch is of one cluster, of one timeline of it, and of one table: transactions are numbered anew where a dump is
 * restored, and again from an earlier number on where a backup is, or a standby took over that lacked some; and in the
 * same cluster, where they are numbered on, a table from a dump knows less than was told.
 */
export async function selectChanges(
  tx: Tx,
  after: ChangePlace | undefined,
  count: number,
): Promise<Changes> {
  const behind = tx.sql`(${after?.position ?? '0'}::bigint, ${after?.number ?? '0'}::bigint)`
  const rows = await tx.sql<(Omit<Changes, 'rows'> & (Changes['rows'][number] | { id: null }))[]>`
    select here.epoch, here.horizon, here.outdated, change.*
    from (select ${epochOf(tx, 'triage_change')} as epoch,
                 pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
                 ${after?.position ?? '0'}::bigint > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                 or coalesce((select (position, number) > ${behind} and ${isOver(tx)}
                              from triage_change order by position, number limit 1), false) as outdated
          from pg_control_system()) here
    left join lateral (
      select c.number::text as id, c.position::text, c.type, c.item_id as "itemId",
             c.case_id as "caseId", ${iso(tx, 'c.at')} as at
      from triage_change c
      where (c.position, c.number) > ${behind}
        and c.position < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      order by c.position, c.number
      limit ${after ? count : 0}) change on true`
  const [first] = rows
  if (!first) throw new Error('the server did not say which it is')
  const { epoch, horizon, outdated } = first
  return { epoch, horizon, outdated, rows: rows.flatMap((row) => (row.id === null ? [] : [row])) }
}

/** Where the changes end: for who asks whether there is anything to read at all. */
type ChangesEnd = {
  readonly epoch: string
  /** No place of this epoch is beyond it. */
  readonly end: string
  /** The last change before which nothing is still to come; zeros for none. */
  readonly newest: ChangePlace
}

/** Reads it, whatever there is before. */
export async function selectEnd(tx: Tx): Promise<ChangesEnd> {
  const [row] = await tx.sql<[{ epoch: string; end: string } & ChangePlace]>`
    select ${epochOf(tx, 'triage_change')} as epoch, pg_snapshot_xmax(pg_current_snapshot())::text as "end",
           coalesce(newest.position, 0)::text as position, coalesce(newest.number, 0)::text as number
    from pg_control_system()
    left join lateral (
      select position, number from triage_change
      where position < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      order by position desc, number desc limit 1) newest on true`
  const { epoch, end, ...newest } = row
  return { epoch, end, newest }
}

/** The first change that was made at this time or later. `undefined` for none yet. */
export async function selectFirstSince(tx: Tx, since: string): Promise<ChangePlace | undefined> {
  const [row] = await tx.sql<ChangePlace[]>`
    select position::text, number::text from triage_change
    where at >= ${since}::timestamptz order by triage_change.position, triage_change.number limit 1`
  return row
}

/** The change of this number, if it is not forgotten. */
export async function selectChange(tx: Tx, number: string): Promise<ChangePlace | undefined> {
  const [row] = await tx.sql<ChangePlace[]>`
    select position::text, number::text from triage_change where number = ${number}::bigint`
  return row
}

function isOver(tx: Tx) {
  return tx.sql`at < now() - make_interval(days => ${changesKeptDays})`
}

/**
 * Forgets at most `max` changes from the oldest on that are over; returns how many there were. The last of them
 * stays, as the sign that there were others: it says of an older place that something behind it is gone.
 *
 * Those that this cluster has not reached came from another with a backup, and go whatever their age: once they
 * were reached, they would stand among what is new.
 */
export async function forgetChanges(tx: Tx, max: number): Promise<number> {
  const { count } = await tx.sql`
    delete from triage_change where ctid = any (array(
      select place from (
        select place, over, lead(over) over (order by position, number) as "nextOver"
        from (select ctid as place, position, number,
                     bool_and(${isOver(tx)} and position < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
                       over (order by position, number) as over
              from (select ctid, * from triage_change order by position, number limit ${max + 1}) oldest) aged) known
      where over and "nextOver")
      || array(
        select ctid from triage_change
        where position >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        limit ${max}))`
  return count
}
