import type { PendingQuery, Row } from 'postgres'
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { Place } from '../database/page.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { Act, Action, Details, Entry, Outcome } from './entry.ts'

/**
 * Inserts entries with their openings, and what the sequencer finds them by: in one statement, so that no
 * entry is ever left out of the tree. The writer need not be able to read any of it.
 */
export async function insertEntries(tx: Tx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return
  const at = tx.now.toISOString()
  const rows = entries.map(({ id, act, leaf }) => ({
    id,
    at,
    action: act.action,
    outcome: act.outcome ?? 'permitted',
    object_id: act.object?.id ?? null,
    leaf,
  }))
  const openings = entries.map(({ id, act, opening }) => ({
    entry_id: id,
    client_id: opening.actor?.client ?? null,
    organisation_id: opening.actor?.organisation ?? null,
    client_label: opening.actor?.labels?.client ?? null,
    organisation_label: opening.actor?.labels?.organisation ?? null,
    person: opening.actor?.person ?? null,
    actor_salt: opening.actorSalt ?? null,
    details: opening.details ? JSON.stringify(opening.details) : null,
    details_salt: opening.detailsSalt ?? null,
    ...refusalOf(act, at),
  }))
  await tx.sql`
    with entries as (insert into audit_entry ${tx.sql(rows)}),
         pending as (insert into audit_pending ${tx.sql(entries.map(({ id }) => ({ at, entry_id: id })))})
    insert into audit_opening ${tx.sql(openings)}`
}

function refusalOf({ outcome = 'permitted' }: Act, at: string) {
  if (outcome === 'permitted') return { refusal: null, refused_at: null }
  return { refusal: outcome, refused_at: at }
}

/** A moment, or a day of London's calendar (`2026-11-29`). */
export type Bound = { readonly moment: Date } | { readonly day: string }

export type Filter = {
  readonly from?: Bound
  /** Of a day its end: the day is within. */
  readonly to?: Bound
  readonly actor?: string
  readonly organisation?: string
  readonly object?: string
  /** About one of these. */
  readonly objects?: readonly string[]
  readonly action?: Action
  readonly outcome?: Outcome
  /** These, and no others. */
  readonly ids?: readonly string[]
  /** Entries older than this one: where the page before ended. */
  readonly before?: Place
}

/** An entry as it is stored: its leaf, what stands beside it, and what opens its commitments. */
export type EntryRow = {
  readonly id: string
  readonly at: string
  readonly action: string
  readonly outcome: Outcome
  readonly objectId: string | null
  readonly leaf: Uint8Array
  readonly clientId: string | null
  readonly organisationId: string | null
  readonly clientLabel: string | null
  readonly organisationLabel: string | null
  readonly person: string | null
  readonly actorSalt: Uint8Array | null
  readonly details: Details | null
  readonly detailsSalt: Uint8Array | null
  /** Whether its opening is there, and its refusal stands by it as it should: by that the refusals of one caller are found. */
  readonly refusalStands: boolean
}

/** The newest `count` entries that fit, newest first. */
export async function selectEntries(tx: Tx, filter: Filter, count: number): Promise<EntryRow[]> {
  const { from, to, actor, organisation, objects, action, outcome, ids, before } = filter
  const { sql } = tx
  const object = filter.object && (await idOf(tx, filter.object))
  if (object === undefined && filter.object) return []
  // Refusals of one caller are few among the acts of all, and have an index in which they stand by time.
  const rare = Boolean(actor ?? organisation) && outcome !== undefined && outcome !== 'permitted'
  const [at, id] = rare ? [sql`o.refused_at`, sql`o.entry_id`] : [sql`e.at`, sql`e.id`]
  const conditions = [
    from && sql`${at} >= ${beginOf(tx, from, 0)}`,
    to && sql`${at} < ${beginOf(tx, to, 1)}`,
    actor && sql`o.client_id = ${actor}`,
    organisation && sql`o.organisation_id = ${organisation}`,
    // In the text, or a plan for any of them would pass over the indexes of the rare ones.
    action && sql`e.action = ${constant(tx, action)}`,
    outcome && sql`${rare ? sql`o.refusal` : sql`e.outcome`} = ${constant(tx, outcome)}`,
    ids && sql`e.id = any (${ids as string[]}::uuid[])`,
    before && sql`(${at}, ${id}) < (${before.at}, ${before.id})`,
  ].filter((condition) => condition !== undefined && condition !== '')
  const fit = conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`true`)
  const found = object ? naming(tx, object, fit, count) : sourceOf(tx, objects)
  return sql<EntryRow[]>`
    select e.id, ${iso(tx, 'e.at')} as at, e.action, e.outcome, e.object_id as "objectId", e.leaf,
           o.client_id as "clientId", o.organisation_id as "organisationId",
           o.client_label as "clientLabel", o.organisation_label as "organisationLabel", o.person,
           o.actor_salt as "actorSalt", o.details, o.details_salt as "detailsSalt",
           o.entry_id is not null and (o.refusal, o.refused_at) is not distinct from
             (nullif(e.outcome, 'permitted'), case when e.outcome <> 'permitted' then e.at end)
             as "refusalStands"
    -- Whose opening was removed is shown all the same.
    from ${found} e left join audit_opening o on o.entry_id = e.id
    where ${fit}
    order by ${at} desc, ${id} desc
    limit ${count}`
}

/** All entries; or those about some objects, found by their index before anything else is asked of them. */
function sourceOf({ sql }: Tx, objects: readonly string[] | undefined) {
  if (!objects) return sql`audit_entry`
  return sql`(
    select * from audit_entry where object_id = any (${objects as string[]}::text[]) offset 0)`
}

/** One of a closed list, as it stands in a statement. */
function constant({ sql }: Tx, word: Action | Outcome) {
  if (!/^[a-z.-]+$/.test(word)) throw new Error('cannot be: a word of a closed list')
  return sql.unsafe(`'${word}'`)
}

/** A moment as it is; of a day the midnight before it, so many days later. */
export function beginOf({ sql }: Tx, bound: Bound, daysLater: 0 | 1) {
  if ('moment' in bound) return sql`${bound.moment.toISOString()}::timestamptz`
  return sql`((${bound.day}::text::date + ${daysLater}::int)::timestamp at time zone 'Europe/London')`
}

/**
 * Of the entries that fit the newest `count` about an object, and those whose acts name it: what pairing one
 * referral did to others. Each has its index; `or` between them would read the whole log.
 */
function naming(tx: Tx, object: string, fit: PendingQuery<Row[]>, count: number) {
  const { sql } = tx
  const id = sql`${object}::text`
  const ids = sql`jsonb_path_query_array(details, '$.acts[*].* ? (@ like_regex "^[0-9a-f-]{36}$")')`
  // Asked twice over: PostgreSQL guesses that one question fits one entry in a hundred, and for so many it
  // would read the whole log. Few fit, so they are made an array first, not sought in the entries by time.
  return sql`(
    (select e.* from audit_entry e left join audit_opening o on o.entry_id = e.id
     where e.object_id = ${id} and ${fit}
     order by e.at desc, e.id desc
     limit ${count})
    union
    select e.* from audit_entry e join audit_opening o on o.entry_id = e.id
    where ${fit} and e.id = any (array(
      select entry_id from audit_opening
      where ${ids} ? ${id} and ${ids} ?& array[${id}] and details -> 'acts' -> 0 is not null)))`
}

/**
 * The id of an object; of a reference that of its referral, as the entry of its submission tells: the log asks
 * nobody else. Where retention has emptied what opens that entry it is none, for a reference leads to a person.
 */
async function idOf({ sql }: Tx, object: string): Promise<string | undefined> {
  if (!isReferenceForm(object)) return object
  const [row] = await sql<{ id: string }[]>`
    select e.object_id as id from audit_opening o join audit_entry e on e.id = o.entry_id
    where o.details ->> 'reference' = ${object} and e.action = 'referral.submitted'
    -- There is one; PostgreSQL guesses thousands, for which it would start workers.
    limit 1`
  return row?.id
}

/** The permitted entries of one client and action since then. */
export async function countEntries(
  tx: Tx,
  clientId: string,
  action: Action,
  since: Date,
): Promise<number> {
  const [row] = await tx.sql<[{ count: number }]>`
    select count(*)::int as count
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.at > ${since.toISOString()} and e.action = ${action} and e.outcome = 'permitted'
      and o.client_id = ${clientId}`
  return row.count
}

/** Whether there is an entry of this id. */
export async function hasEntry(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.sql`select from audit_entry where id = ${id}`
  return rows.length > 0
}

/** The id of the newest entry of a permitted act on an object. */
export async function selectPermitted(
  tx: Tx,
  action: Action,
  objectId: string,
): Promise<string | undefined> {
  const [row] = await tx.sql<{ id: string }[]>`
    select id from audit_entry
    where object_id = ${objectId} and action = ${action} and outcome = 'permitted'
    order by at desc, id desc limit 1`
  return row?.id
}
