/** Who held items, as a trigger keeps it when a lease ends (migrations/0001_access.sql). */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { AttemptEnding } from '../change.ts'

/** How often an item was leased: what has ended, and what has not, or by the clock alone. */
export function attemptsOf(tx: Tx) {
  return tx.sql`(
    (select count(*) from triage_attempt attempt where attempt.item_id = item.id)
    + (item.leased_until is not null)::int)::int`
}

/** The case that an item is of now, open or completed. */
export async function selectCaseOfItem(tx: Tx, itemId: string): Promise<string | undefined> {
  const [row] = await tx.sql<{ caseId: string }[]>`
    select case_id as "caseId" from triage_item where id = ${itemId}`
  return row?.caseId
}

export type AttemptRow = {
  readonly itemId: string
  readonly clientId: string
  readonly holder: string
  readonly from: string
  readonly to: string | null
  readonly ending: AttemptEnding | null
}

/**
 * The leases of all items of a case, the last `max` of them, in the order in which they began. One that has run out and
 * that nobody has followed is `lapsed`: until somebody does, its holder may still complete the item.
 */
export async function selectAttempts(tx: Tx, caseId: string, max: number): Promise<AttemptRow[]> {
  const rows = await tx.sql<AttemptRow[]>`
    select known.item_id as "itemId", known.client_id as "clientId", c.label as holder,
           ${iso(tx, 'known.begun_at')} as "from", ${iso(tx, 'known.ended_at')} as "to", known.ending
    from (
      select one.*,
             -- Whoever was handed it holds it from then on, though the work began before.
             case when lag(one.ending) over own = 'handed_over' and lag(one.fence) over own = one.fence - 1
                  then lag(one.ended_at) over own else one.claimed_at end as begun_at
      from (
        select attempt.item_id, attempt.fence, attempt.client_id, attempt.claimed_at, attempt.ended_at,
               attempt.ending
        from triage_item item join triage_attempt attempt on attempt.item_id = item.id
        where item.case_id = ${caseId}
        union all
        select item.id, item.fence, item.leased_by, item.claimed_at,
               case when item.leased_until <= now() then item.leased_until end,
               case when item.leased_until <= now() then 'lapsed' end
        from triage_item item
        where item.case_id = ${caseId} and item.leased_until is not null and item.completed_at is null
      ) one
      window own as (partition by one.item_id order by one.fence)
    ) known
    join client c on c.id = known.client_id
    order by known.begun_at desc, known.item_id desc, known.fence desc
    limit ${max}`
  return [...rows].reverse()
}
