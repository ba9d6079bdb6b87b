/** A higher urgency, and with it an earlier place. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { dueText } from '../calendar.ts'
import { awake } from '../state.ts'
import { rank } from './columns.ts'
import { headRoundsMax } from './heads.ts'

/**
 * Raises the urgency of a referral's open item, and moves its head to an earlier place if that follows. A lower or
 * equal urgency changes nothing. Lease and fence stay as they are; what is parked wakes, because it was parked as less
 * urgent. Does nothing once the work has ended.
 *
 * @throws Error, a bug, if the head does not settle
 */
export async function raiseUrgency(tx: Tx, referralId: string, urgency: Urgency): Promise<void> {
  const found = await lockOwn(tx, referralId, urgency)
  if (found) await raise(tx, found, urgency)
}

/** What a message did to the queue. */
export type Told = {
  /** The item as which its referral is worked on; none once the work has ended. */
  readonly item?: string
  readonly woken: boolean
  readonly raised: boolean
}

/**
 * Tells a referral's open item of a message by its referrer: its holder by `changed`, and whatever is parked wakes, also
 * what waits for something else, for a person is to read it. A higher urgency moves it; a lower one does nothing.
 *
 * @throws Error, a bug, if the head does not settle
 */
export async function tellOfMessage(
  tx: Tx,
  referralId: string,
  urgency: Urgency | undefined,
): Promise<Told> {
  const found = await lockOwn(tx, referralId, urgency)
  if (!found) return { woken: false, raised: false }
  const { headId: item, isParked: woken, isHigher: raised } = found
  await tx.sql`
    update triage_item item set changed = true, ${awake(tx)} where item.id = ${item}`
  if (woken) tx.announce()
  if (urgency !== undefined) await raise(tx, found, urgency)
  return { item, woken, raised }
}

/** Locks the head of a referral's open item, and returns what the item is; `undefined` if there is none. */
async function lockOwn(
  tx: Tx,
  referralId: string,
  urgency: Urgency | undefined,
): Promise<Raised | undefined> {
  for (let round = 0; round < headRoundsMax; round += 1) {
    // Claims, completions, merges and splits all lock the head first, so nothing of the item changes
    // once this statement has it. What it waited for may have changed which item is the head: look again.
    const [, [locked]] = await Promise.all([
      tx.sql`savepoint looked`,
      tx.sql<{ id: string }[]>`
        select head.id from triage_item own
        join triage_item head on head.id = coalesce(own.merged_into, own.id)
        where own.referral_id = ${referralId} and own.completed_at is null
        for update of head`,
    ])
    const [found] = await tx.sql<Raised[]>`
      select own.id, head.id as "headId", ${iso(tx, 'own.arrived_at')} as "arrivedAt",
             own.respond_by::text as "respondBy", head.park_reason is not null as "isParked",
             coalesce(${rank(tx, tx.sql`${urgency ?? null}::text`)} < ${rank(tx, tx.sql`own.urgency`)}, false) as "isHigher"
      from triage_item own
      join triage_item head on head.id = coalesce(own.merged_into, own.id)
      where own.referral_id = ${referralId} and own.completed_at is null`
    if (!found || found.headId === locked?.id) return found
    // What is no head any more is let go: whoever merges its new head with another would wait for it, for ever.
    await tx.sql`rollback to savepoint looked`
  }
  throw new Error(`an item was merged ${headRoundsMax} times while it was raised`)
}

type Raised = {
  readonly id: string
  readonly headId: string
  readonly arrivedAt: string
  readonly respondBy: string | null
  readonly isHigher: boolean
  readonly isParked: boolean
}

async function raise(tx: Tx, raised: Raised, urgency: Urgency): Promise<void> {
  const { id, headId, isHigher, isParked: _, ...wait } = raised
  if (!isHigher) return
  tx.announce()
  const due = dueText({ ...wait, urgency })
  await tx.sql`
    update triage_item item
    set urgency = case when item.id = ${id} then ${urgency} else item.urgency end,
        own_due_at = case when item.id = ${id} then ${due}::timestamptz else item.own_due_at end,
        due_at = least(item.due_at, ${due}::timestamptz),
        changed = item.changed or item.id = ${headId},
        ${awake(tx)}
    where item.id in (${id}, ${headId})`
}
