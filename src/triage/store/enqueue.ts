/** A new referral comes to the queue. */
import type { Tx } from '../../database/connect.ts'
import type { Urgency } from '../../referral/codes/clear.ts'
import { dueAt } from './due.ts'

export type NewItem = {
  readonly id: string
  readonly caseId: string
  readonly referralId: string
  readonly urgency: Urgency
  /** A day, `yyyy-mm-dd`. */
  readonly respondBy: string | undefined
}

/** Puts it at its place by `dueAt`. Without RETURNING: the referrer may not see the queue. */
export async function insertItem(tx: Tx, item: NewItem): Promise<void> {
  await tx.sql`
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             respond_by, own_due_at, due_at)
    select ${item.id}, ${item.caseId}, ${item.referralId}, array[${item.referralId}::uuid],
           arrived_at, urgency, respond_by, due_at, due_at
    from (select item.*, ${dueAt(tx)} as due_at
          from (select ${tx.now.toISOString()}::timestamptz as arrived_at,
                       ${item.urgency}::text as urgency,
                       ${item.respondBy ?? null}::date as respond_by) item) place`
}
