import { and, desc, eq, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../database/connect.ts'
import type { Place } from '../database/page.ts'
import { auditEntry, auditOpening } from '../database/schema.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { Action, Entry, Outcome } from './entry.ts'

/** Inserts entries with their openings. The writer need not be able to read either. */
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
  const openings = entries.map(({ id, opening }) => ({
    entry_id: id,
    client_id: opening.actor?.client ?? null,
    organisation_id: opening.actor?.organisation ?? null,
    person: opening.actor?.person ?? null,
    actor_salt: opening.actorSalt ?? null,
    details: opening.details ? JSON.stringify(opening.details) : null,
    details_salt: opening.detailsSalt ?? null,
  }))
  await Promise.all([
    tx.sql`insert into audit_entry ${tx.sql(rows)}`,
    tx.sql`insert into audit_opening ${tx.sql(openings)}`,
  ])
}

export type Filter = {
  readonly from?: Date
  readonly to?: Date
  readonly actor?: string
  readonly organisation?: string
  readonly object?: string
  readonly action?: Action
  readonly outcome?: Outcome
  /** Entries older than this one: where the page before ended. */
  readonly before?: Place
}

/** The newest `count` entries that fit, newest first. */
export async function selectEntries(tx: Tx, filter: Filter, count: number) {
  const { from, to, actor, organisation, object, action, outcome, before } = filter
  const conditions: (SQL | undefined)[] = [
    from && gte(auditEntry.at, from),
    to && lt(auditEntry.at, to),
    actor && eq(auditOpening.clientId, actor),
    organisation && eq(auditOpening.organisationId, organisation),
    object && eq(auditEntry.objectId, isReferenceForm(object) ? submitted(object) : object),
    action && eq(auditEntry.action, action),
    outcome && eq(auditEntry.outcome, outcome),
    before &&
      or(
        lt(auditEntry.at, new Date(before.at)),
        and(eq(auditEntry.at, new Date(before.at)), lt(auditEntry.id, before.id)),
      ),
  ].map((condition) => condition || undefined)
  return tx.db
    .select({ entry: auditEntry, opening: auditOpening })
    .from(auditEntry)
    .innerJoin(auditOpening, eq(auditOpening.entryId, auditEntry.id))
    .where(and(...conditions))
    .orderBy(desc(auditEntry.at), desc(auditEntry.id))
    .limit(count)
}

/**
 * The referral with this reference, as the entry of its submission tells: the log asks nobody else. Where
 * retention has emptied what opens that entry it is none, for a reference leads to a person.
 */
function submitted(reference: string) {
  return sql<string>`(
    select e.object_id from audit_opening o join audit_entry e on e.id = o.entry_id
    where o.details ->> 'reference' = ${reference})`
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
