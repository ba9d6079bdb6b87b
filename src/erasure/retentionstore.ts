/** Statements about what retention erases. */
import type { Tx } from '../database/connect.ts'
import { epochOf } from '../database/epoch.ts'
import { iso } from '../database/iso.ts'
import { type Due, dueBefore, graceHours, type Rule, retainedStates } from './due.ts'

/** A rule as it is kept. */
export type StoredRule = Rule & {
  readonly setAt: string
  readonly beginsAt: string
  readonly hasBegun: boolean
  /** Whether its dry run was seen in this database, and not in one that this was restored from. */
  readonly isOfHere: boolean
}

export async function selectRules(tx: Tx): Promise<StoredRule[]> {
  return tx.sql<StoredRule[]>`
    select p.state, p.days, ${iso(tx, 'p.set_at')} as "setAt", ${iso(tx, 'p.begins_at')} as "beginsAt",
           p.begins_at <= now() as "hasBegun", p.epoch = ${epochOf(tx, 'referral')} as "isOfHere"
    from retention_rule p cross join pg_control_system() order by p.state`
}

/** Which database this is. */
export async function selectEpoch(tx: Tx): Promise<string> {
  const [row] = await tx.sql<[{ epoch: string }]>`
    select ${epochOf(tx, 'referral')} as epoch from pg_control_system()`
  return row.epoch
}

/** Sets a rule, in the place of another of that state, by the owner. @returns when it begins */
export async function insertRule(tx: Tx, { state, days }: Rule, epoch: string): Promise<string> {
  const [row] = await tx.sql<[{ beginsAt: string }]>`
    insert into retention_rule as p (state, days, set_at, begins_at, epoch)
    values (${state}, ${days}, ${tx.now.toISOString()},
            ${tx.now.toISOString()}::timestamptz + ${graceHours} * interval '1 hour', ${epoch})
    on conflict (state) do update
    set days = excluded.days, set_at = excluded.set_at, begins_at = excluded.begins_at, epoch = excluded.epoch
    returning ${iso(tx, 'p.begins_at')} as "beginsAt"`
  return row.beginsAt
}

/** @returns whether there was one */
export async function deleteRule(tx: Tx, state: string): Promise<boolean> {
  const { count } = await tx.sql`delete from retention_rule where state = ${state}`
  return count > 0
}

/** Those whose days are over by a rule, the longest first, and why one of them is kept. */
export async function selectDue(tx: Tx, rule: Rule): Promise<Due[]> {
  return tx.sql<Due[]>`
    select r.id as "referralId", r.reference, ${iso(tx, 'r.shown_at')} as since, ${keptBy(tx)} as kept
    ${dueBy(tx, rule)}
    order by r.shown_at, r.id`
}

/** The ids of those that go by a rule, the longest due first. */
export async function selectGoing(tx: Tx, rule: Rule, max: number): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select r.id ${dueBy(tx, rule)} and ${keptBy(tx)} is null order by r.shown_at, r.id limit ${max}`
  return rows.map(({ id }) => id)
}

/** Whether one goes by a rule, as everybody else's transactions have left it. */
export async function goesBy(tx: Tx, rule: Rule, id: string): Promise<boolean> {
  const rows = await tx.sql`select ${dueBy(tx, rule)} and ${keptBy(tx)} is null and r.id = ${id}`
  return rows.length > 0
}

function dueBy(tx: Tx, { state, days }: Rule) {
  return tx.sql`
    from referral r
    left join legal_hold h on h.referral_id = r.id
    left join withdrawal w on w.referral_id = r.id
    where r.state = ${state} and r.shown_at < ${dueBefore(tx.now, days).toISOString()}`
}

/**
 * Why a referral is kept; null where nothing keeps it. All of it is known to whoever sent it: when it goes must not tell of
 * others about the same person, so whether its case is open is not asked. A message counts as read from the next day on, as
 * its sender is told.
 */
function keptBy(tx: Tx) {
  return tx.sql`case
    when h.referral_id is not null then 'hold'
    when w.kept_until > now() then 'withdrawal'
    when exists (
      with recursive later as (
        select b.id, b.state from referral b where b.sender = r.sender and b.supersedes = r.id
        union
        select b.id, b.state from later join referral b on b.sender = r.sender and b.supersedes = later.id)
      select from later where later.state <> all (${[...retainedStates]}::text[])) then 'amendment'
    when exists (
      select from message m
      where m.referral_id = r.id and m.side = 'referrer'
        and not exists (
          select from message_delivery d
          where d.referral_id = m.referral_id and d.place = m.place
            and d.at < ${dueBefore(tx.now, 0).toISOString()})) then 'message'
  end`
}
