/** Immediate items that nobody holds, and the mails about them that are still to be sent. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { bytesArray } from '../../database/types.ts'
import type { DutyStep } from '../lease.ts'
import { stateOf } from '../state.ts'
import { openHeads } from './columns.ts'

export type TakenMail = {
  readonly step: DutyStep
  readonly addressSha256: Uint8Array
  /** Rises with each reason to send it. */
  readonly number: string
  readonly attempts: number
}

/**
 * Notes of each immediate item that nobody holds since when, and forgets of the others. One that was never held has
 * waited since its first immediate referral arrived, one whose lease expired since then; of one that was given
 * back it is known from now on, because the fence has risen.
 *
 * Sorted by deadline, they stand before most of the queue.
 *
 * @param dueBy - by then everything immediate is due
 */
export async function noteUnheld(tx: Tx, dueBy: Date): Promise<void> {
  await tx.sql`
    with unheld as materialized (
      select item.id, item.fence,
             case when item.leased_until is not null then item.leased_until
                  when item.fence = 0 then immediate.arrived_at
                  else date_trunc('milliseconds', now()) end as since
      from ${openHeads(tx)} item
      cross join lateral (
        select min(worked.arrived_at) as arrived_at
        from (select item.arrived_at, item.urgency
              union all
              select member.arrived_at, member.urgency from triage_item member
              where member.merged_into = item.id and member.completed_at is null) worked
        where worked.urgency = 'immediate') immediate
      where item.due_at <= ${dueBy.toISOString()}
        and immediate.arrived_at is not null
        and ${stateOf(tx)} in ('waiting', 'escalated')
    ), gone as (
      delete from unheld_item where not item_id = any (array(select id from unheld))
    )
    insert into unheld_item (item_id, fence, since)
    select id, fence, since from unheld
    on conflict (item_id) do update
    set fence = excluded.fence, since = excluded.since, told = 0
    where unheld_item.fence <> excluded.fence`
}

/** Notes that those which nobody has held for so long are told; returns how many. */
export async function tellItems(tx: Tx, step: DutyStep, minutes: number): Promise<number> {
  const { count } = await tx.sql`
    update unheld_item set told = ${step}
    where told < ${step} and since <= now() - make_interval(mins => ${minutes})`
  return count
}

/** Writes down a mail to each. To whom one is to be sent already, there is one more reason. */
export async function insertMails(
  tx: Tx,
  step: DutyStep,
  hashes: readonly Uint8Array[],
): Promise<void> {
  await tx.sql`
    insert into duty_mail (step, address_sha256, not_before)
    select ${step}, hash, date_trunc('milliseconds', now()) from unnest(${bytesArray(hashes)}::bytea[]) hash
    on conflict (step, address_sha256) do update set number = duty_mail.number + 1`
}

/** Takes the mail that has been due longest, which for so long nobody else takes then. */
export async function takeMail(tx: Tx, seconds: number): Promise<TakenMail | undefined> {
  const [row] = await tx.sql<TakenMail[]>`
    update duty_mail
    set attempts = attempts + 1, not_before = now() + make_interval(secs => ${seconds})
    where (step, address_sha256) = (
      select step, address_sha256 from duty_mail where not_before <= now()
      order by not_before, step limit 1 for update skip locked)
    returning step, address_sha256 as "addressSha256", number, attempts`
  return row
}

/** It was sent. Where there has been another reason since it was taken, it is to be sent again. */
export async function deleteMail(
  tx: Tx,
  { step, addressSha256, number }: TakenMail,
): Promise<void> {
  const { count } = await tx.sql`
    delete from duty_mail
    where step = ${step} and address_sha256 = ${addressSha256} and number = ${number}`
  if (count > 0) return
  await tx.sql`
    update duty_mail set attempts = 0, not_before = date_trunc('milliseconds', now())
    where step = ${step} and address_sha256 = ${addressSha256}`
}

/** It was not taken: it is sent again in so many seconds. */
export async function postponeMail(
  tx: Tx,
  { step, addressSha256 }: TakenMail,
  seconds: number,
): Promise<void> {
  await tx.sql`
    update duty_mail set not_before = now() + make_interval(secs => ${seconds})
    where step = ${step} and address_sha256 = ${addressSha256}`
}

/** How many items that were told at this step nobody holds still, and since when. */
export async function selectUnheld(tx: Tx, step: DutyStep) {
  const [row] = await tx.sql<[{ items: number; since: string; minutes: number }]>`
    select items, ${iso(tx, 'longest.since')} as since,
           floor(extract(epoch from now() - longest.since) / 60)::int as minutes
    from (select count(*)::int as items, min(since) as since
          from unheld_item where told >= ${step}) longest`
  return row
}
