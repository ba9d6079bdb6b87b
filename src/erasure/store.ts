/** Statements about what is erased, and what is held. */
import type { Tx } from '../database/connect.ts'
import { epochOf } from '../database/epoch.ts'
import { iso } from '../database/iso.ts'
import { receiptMark } from '../database/mark.ts'
import type { Place } from '../database/page.ts'
import type { HoldReason } from '../referral/codes/hold.ts'
import type { State } from '../referral/codes/state.ts'
import type { ErasureRule } from './rules.ts'
import { goingTables } from './tables.ts'

/** How a referral stands with being erased. */
export type Standing = {
  readonly state: State
  readonly envelopeHash: Uint8Array
  readonly erasedAt: string | null
  readonly entryId: string | null
  readonly hold: HoldReason | null
  /** When its withdrawal was asked for, and until when it is kept after that, whatever was decided. */
  readonly askedAt: string | null
  readonly keptUntil: string | null
  readonly isKept: boolean
}

/** How a referral stands, asked once cases change no more. */
export async function selectStanding(tx: Tx, id: string): Promise<Standing | undefined> {
  const [row] = await tx.sql<Standing[]>`
    select r.state, r.envelope_hash as "envelopeHash", ${iso(tx, 'e.erased_at')} as "erasedAt",
           e.entry_id as "entryId", h.reason as hold, ${iso(tx, 'w.asked_at')} as "askedAt",
           ${iso(tx, 'w.kept_until')} as "keptUntil", coalesce(w.kept_until > now(), false) as "isKept"
    from referral r
    left join erasure e on e.referral_id = r.id
    left join legal_hold h on h.referral_id = r.id
    left join withdrawal w on w.referral_id = r.id
    where r.id = ${id}`
  return row
}

/** Waits for whoever adds to a referral, or moves it, and lets nobody do it until the transaction ends. */
export async function lockReferral(tx: Tx, id: string): Promise<void> {
  await tx.sql`select from referral where id = ${id} for update`
}

/** Says that a referral is erased: from now on its rows may be deleted. */
export async function insertErasure(tx: Tx, { id, rule, entryId }: NewErasure): Promise<void> {
  await tx.sql`
    insert into erasure (referral_id, erased_at, rule, entry_id, receipt_mark)
    select r.id, ${tx.now.toISOString()}, ${rule}, ${entryId}, ${receiptMark(tx, tx.sql`r.receipt_hash`)}
    from referral r where r.id = ${id}`
}

type NewErasure = { readonly id: string; readonly rule: ErasureRule; readonly entryId: string }

/** Deletes all that is kept of a referral beside its own row and its items. */
export async function deleteParts(tx: Tx, id: string): Promise<void> {
  // What others hold of each other, with a note that was about this one.
  await tx.sql`
    update judgement set note_referral_id = null, note_number = null
    where note_referral_id = ${id} and left_id <> ${id} and right_id <> ${id}`
  // In one statement: what refers to another is asked about when all of it is through.
  const deletions = Object.entries(goingTables).flatMap(([table, columns]) => {
    const isOf = columns
      .map((column) => tx.sql`${tx.sql(column)} = ${id}`)
      .reduce((either, other) => tx.sql`${either} or ${other}`)
    return tx.sql`${tx.sql(`gone_${table}`)} as (delete from ${tx.sql(table)} where ${isOf})`
  })
  await tx.sql`with ${deletions.reduce((before, next) => tx.sql`${before}, ${next}`)} select`
}

/** Empties the row of a referral to what stays, and takes the link from what amended it. */
export async function emptyReferral(tx: Tx, id: string): Promise<void> {
  // Only the same hand amends, and the index begins with whose that is.
  await tx.sql`
    update referral set supersedes = null
    where sender = (select sender from referral where id = ${id}) and supersedes = ${id}`
  await tx.sql`
    update referral
    set state = 'erased', decline_reason = null, receipt_hash = null, header = '', signer = '',
        signature = '', matching_hash = null, sealed_hashes = '', wrap_hashes = '', supersedes = null,
        sender = coalesce(organisation_id::text, id::text)
    where id = ${id}`
}

/** All that was ever erased here. */
export async function selectErasures(tx: Tx) {
  return tx.sql<{ referralId: string; erasedAt: string }[]>`
    select referral_id as "referralId", ${iso(tx, 'erased_at')} as "erasedAt"
    from erasure order by erased_at, referral_id`
}

/** Those of `ids` that are stored, and not erased. */
export async function selectUnerased(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select id from referral where id = any (${ids as string[]}::uuid[]) and state <> 'erased' order by id`
  return rows.map(({ id }) => id)
}

/** Which database this is, and which was served last; none before the first time. */
export async function selectServedAs(tx: Tx): Promise<{ here: string; before: string | null }> {
  const [row] = await tx.sql<[{ here: string; before: string | null }]>`
    select ${epochOf(tx, 'referral')} as here, (select s.epoch from served_as s) as before
    from pg_control_system()`
  return row
}

/** From now on this one was served last. */
export async function keepServedAs(tx: Tx, epoch: string): Promise<void> {
  await tx.sql`
    insert into served_as (n, epoch, since) values (1, ${epoch}, ${tx.now.toISOString()})
    on conflict (n) do update set epoch = excluded.epoch, since = excluded.since
    where served_as.epoch <> excluded.epoch`
}

/** Holds a referral, or changes why. @returns whether that is new */
export async function insertHold(
  tx: Tx,
  {
    id,
    reason,
    entryId,
  }: { readonly id: string; readonly reason: HoldReason; readonly entryId: string },
): Promise<boolean> {
  const before = await tx.sql`delete from legal_hold where referral_id = ${id} returning reason`
  await tx.sql`
    insert into legal_hold (referral_id, reason, placed_at, entry_id)
    values (${id}, ${reason}, ${tx.now.toISOString()}, ${entryId})`
  return before[0]?.reason !== reason
}

/** Lifts a hold. @returns whether there was one */
export async function deleteHold(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.sql`delete from legal_hold where referral_id = ${id}`
  return count > 0
}

/** A hold, and what it keeps. */
export type HoldRow = {
  readonly referralId: string
  readonly reference: string
  readonly reason: HoldReason
  readonly placedAt: string
  readonly entryId: string
}

/** The holds behind a place, the oldest first, at most `count`. */
export async function selectHolds(
  tx: Tx,
  after: Place | undefined,
  count: number,
): Promise<HoldRow[]> {
  const behind = after
    ? tx.sql`(h.placed_at, h.referral_id) > (${after.at}, ${after.id})`
    : tx.sql`true`
  return tx.sql<HoldRow[]>`
    select h.referral_id as "referralId", r.reference, h.reason, ${iso(tx, 'h.placed_at')} as "placedAt",
           h.entry_id as "entryId"
    from legal_hold h join referral r on r.id = h.referral_id
    where ${behind}
    order by h.placed_at, h.referral_id
    limit ${count}`
}
