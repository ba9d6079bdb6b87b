/** The queue in figures, for the people who run the service. */
import type { Tx } from '../../database/connect.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { type ItemState, stateOf } from '../state.ts'
import { openHeads, readAlone } from './columns.ts'

type Row = {
  readonly state: ItemState
  readonly items: number
  readonly overdue: number
  /** For how long the referral has waited that arrived first, by its own urgency; null without one. */
  readonly waits: Readonly<Record<Urgency, number | null>>
}

/**
 * The open items by state, and how long their referrals have waited.
 *
 * It takes 0.5 s of a processor at 1,000,000. Members are gathered first: joined one by one, they took a second walk of
 * the table.
 */
export async function selectFigures(tx: Tx) {
  await readAlone(tx)
  return tx.sql<Row[]>`
    select ${stateOf(tx)} as state, count(*)::int as items,
           (count(*) filter (where item.due_at <= now()))::int as overdue,
           json_build_object('immediate', ${longest(tx, 'immediate')},
                             'urgent', ${longest(tx, 'urgent')},
                             'soon', ${longest(tx, 'soon')},
                             'standard', ${longest(tx, 'standard')}) as waits
    from ${openHeads(tx)} item
    left join (
      select merged_into as head,
             ${first(tx, 'immediate')} as immediate, ${first(tx, 'urgent')} as urgent,
             ${first(tx, 'soon')} as soon, ${first(tx, 'standard')} as standard
      from triage_item where merged_into is not null and completed_at is null
      group by merged_into
    ) member on member.head = item.id
    group by 1`
}

function first(tx: Tx, urgency: Urgency) {
  return tx.sql`min(arrived_at) filter (where urgency = ${urgency})`
}

function longest(tx: Tx, urgency: Urgency) {
  return tx.sql`extract(epoch from now() - least(
    min(item.arrived_at) filter (where item.urgency = ${urgency}), min(member.${tx.sql(urgency)})))`
}

/** What keeps the table from being tidied, and how untidy it is. */
export async function selectUntidiness(tx: Tx) {
  const [row] = await tx.sql<[{ snapshotSeconds: number | null; deadRows: number }]>`
    select oldest_snapshot_seconds() as "snapshotSeconds", n_dead_tup::float8 as "deadRows"
    from pg_stat_all_tables where relid = 'triage_item'::regclass`
  return row
}
