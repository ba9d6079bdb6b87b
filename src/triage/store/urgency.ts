/** What a person said of the urgency of items. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { awake, isOpenHead } from '../state.ts'
import { isOpenableBy } from './claim.ts'

/** An open item as it stands, if this client opens it. */
export async function selectSeen(tx: Tx, { id, clientId }: Named) {
  const [row] = await tx.sql<Seen[]>`
    select item.fence::float8 as fence, item.case_id as "caseId", item.referral_ids as "referralIds"
    from triage_item item
    where item.id = ${id} and ${isOpenHead(tx)} and ${isOpenableBy(tx, clientId)}`
  return row
}

type Named = { readonly id: string; readonly clientId: string }
type Seen = { readonly fence: number; readonly caseId: string; readonly referralIds: string[] }

/** Locks the item: claims, completions, merges and splits wait, so nothing of it changes any more. */
export async function lockItem(tx: Tx, id: string): Promise<void> {
  await tx.sql`select from triage_item where id = ${id} for update`
}

export type Worked = {
  readonly id: string
  readonly referralId: string
  readonly urgency: Urgency
  readonly arrivedAt: string
  readonly respondBy: string | null
  readonly dueAt: string
}

/** What is worked on as an item: its own referral, and those of its open members. */
export async function selectWorked(tx: Tx, headId: string): Promise<Worked[]> {
  return tx.sql<Worked[]>`
    select item.id, item.referral_id as "referralId", item.urgency,
           ${iso(tx, 'item.arrived_at')} as "arrivedAt", item.respond_by::text as "respondBy",
           ${iso(tx, 'item.own_due_at')} as "dueAt"
    from (select * from triage_item where id = ${headId}
          union all
          select * from triage_item
          where merged_into = ${headId} and completed_at is null) item`
}

/** What moves, and by when each and the item are due. */
export type Moved = {
  readonly headId: string
  readonly headDueAt: string
  readonly urgency: Urgency
  readonly isHigher: boolean
  readonly moved: readonly Pick<Worked, 'id' | 'referralId' | 'dueAt'>[]
}

/**
 * Moves the item, whoever holds it; its holder is told with the next renewal. What is parked as less urgent wakes.
 */
export async function moveItem(tx: Tx, { headId, headDueAt, ...move }: Moved): Promise<void> {
  const ids = move.moved.map(({ id }) => id)
  const dues = move.moved.map(({ dueAt }) => dueAt)
  const due = tx.sql`
    (${dues}::text[])[array_position(${ids}::uuid[], item.id)]::timestamptz`
  await tx.sql`
    update triage_item item
    set urgency = case when item.id = any (${ids}::uuid[]) then ${move.urgency} else item.urgency end,
        own_due_at = coalesce(${due}, item.own_due_at),
        due_at = case when item.id = ${headId} then ${headDueAt}::timestamptz
                      else coalesce(${due}, item.due_at) end,
        changed = item.changed or item.id = ${headId}
        ${move.isHigher ? tx.sql`, ${awake(tx)}` : tx.sql``}
    where item.id = any (${[headId, ...ids]}::uuid[])`
}

/** Keeps who it was about and what was said, with the entry that names who said it. */
export async function insertSettings(
  tx: Tx,
  { urgency, moved }: Pick<Moved, 'urgency' | 'moved'>,
  entryId: string,
): Promise<void> {
  const referralIds = moved.map(({ referralId }) => referralId)
  await tx.sql`
    insert into urgency_setting (entry_id, referral_id, urgency, set_at)
    select ${entryId}, referral_id, ${urgency}, ${tx.now.toISOString()}
    from unnest(${referralIds}::uuid[]) referral_id`
}
