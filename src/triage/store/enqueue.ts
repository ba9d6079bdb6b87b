/** A new referral comes to the queue. */
import type { Tx } from '../../database/connect.ts'
import type { Channel, Region, Urgency } from '../../referral/codes/clear.ts'
import { dueAt } from '../calendar.ts'

export type NewItem = {
  readonly id: string
  readonly caseId: string
  readonly referralId: string
  readonly urgency: Urgency
  readonly region: Region
  readonly channel: Channel
  /** A day, `yyyy-mm-dd`. */
  readonly respondBy: string | undefined
}

/** Puts it at its place by `dueAt`. Without RETURNING: the referrer may not see the queue. */
export async function insertItem(tx: Tx, item: NewItem): Promise<void> {
  const { id, caseId, referralId, urgency, region, channel, respondBy } = item
  const arrivedAt = tx.now.toISOString()
  const due = dueAt({ arrivedAt: tx.now, urgency, respondBy }).toISOString()
  await tx.sql`
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             respond_by, region, channel, organisation_id, own_due_at, due_at)
    values (${id}, ${caseId}, ${referralId}, array[${referralId}::uuid], ${arrivedAt}, ${urgency},
            ${respondBy ?? null}, ${region}, ${channel},
            (select organisation_id from referral where id = ${referralId}), ${due}, ${due})`
}
