/** Referrals that were withdrawn, or whose bearers asked for that. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import { openStates, type State } from '../referral/codes/state.ts'

/** One that is to be noted. Of an organisation there is what it signed; of a bearer, where that came from. */
export type NewWithdrawal = {
  readonly referralId: string
  readonly entryId: string
  readonly keptUntil: Date
  /** The canonical bytes of the signed message. */
  readonly envelope?: Uint8Array
  /** The mark of a block of addresses (proof/service.ts); none of an exit that many share. */
  readonly block?: Uint8Array | undefined
}

/** Notes a withdrawal, unless it was noted before. @returns whether it is noted now */
export async function insertWithdrawal(tx: Tx, noted: NewWithdrawal): Promise<boolean> {
  const { count } = await tx.sql`
    insert into withdrawal (referral_id, asked_at, entry_id, kept_until, envelope, block)
    values (${noted.referralId}, ${tx.now.toISOString()}, ${noted.entryId},
            ${noted.keptUntil.toISOString()}, ${noted.envelope ?? null}, ${noted.block ?? null})
    on conflict do nothing`
  return count === 1
}

/** What a referrer sees of the states in which a referral may be withdrawn. */
const shownOpen = openStates.filter((state) => state !== 'in_triage')

/** Withdraws a referral of that organisation, if it has no answer yet. @returns whether it is withdrawn now */
export async function updateWithdrawn(
  tx: Tx,
  id: string,
  organisationId: string,
): Promise<boolean> {
  const { count } = await tx.sql`
    update referral set state = 'withdrawn'
    where id = ${id} and organisation_id = ${organisationId}
      and shown_state = any (${shownOpen}::text[])`
  return count === 1
}

/** The oldest withdrawal by an organisation of which the queue was not told, but for `passed`; `undefined` if there is none. */
export async function selectUnsettled(
  tx: Tx,
  passed: readonly string[],
): Promise<string | undefined> {
  const [row] = await tx.sql<{ id: string }[]>`
    select referral_id as id from withdrawal
    where envelope is not null and settled_at is null
      and referral_id <> all (${passed as string[]}::uuid[])
    order by asked_at, referral_id
    limit 1`
  return row?.id
}

/** The queue was told. @returns whether it was not before */
export async function updateSettled(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.sql`
    update withdrawal set settled_at = ${tx.now.toISOString()}
    where referral_id = ${id} and settled_at is null`
  return count === 1
}

type Decision = 'confirmed' | 'declined'

/** What a bearer asked for, as those see it who decide. */
export type AskedRow = {
  readonly referralId: string
  readonly reference: string
  readonly state: State
  readonly askedAt: string
  readonly keptUntil: string
  readonly decision: Decision | null
  readonly decidedAt: string | null
  /** How many under other receipts asked from the same block on that day of UTC; `null` where none is known. */
  readonly othersThatDay: number | null
}

function asked(tx: Tx) {
  return tx.sql`
    select w.referral_id as "referralId", r.reference, r.state, ${iso(tx, 'w.asked_at')} as "askedAt",
           ${iso(tx, 'w.kept_until')} as "keptUntil", w.decision,
           ${iso(tx, 'w.decided_at')} as "decidedAt",
           case when w.block is not null then (
             select count(distinct own.receipt_hash)::int
             from withdrawal other join referral own on own.id = other.referral_id
             where other.block = w.block and own.receipt_hash <> r.receipt_hash
               and other.asked_at >= date_trunc('day', w.asked_at at time zone 'UTC') at time zone 'UTC'
               and other.asked_at < date_trunc('day', w.asked_at at time zone 'UTC') at time zone 'UTC'
                                    + interval '24 hours')
           end as "othersThatDay"
    from withdrawal w join referral r on r.id = w.referral_id`
}

/** What was asked of one referral that `kid` opens, locked; `undefined` if nothing was. */
export async function lockAsked(tx: Tx, id: string, kid: string): Promise<AskedRow | undefined> {
  await tx.sql`select from withdrawal where referral_id = ${id} for update`
  const [row] = await tx.sql<AskedRow[]>`
    ${asked(tx)}
    where w.referral_id = ${id} and w.envelope is null
      and exists (select from wrap where wrap.referral_id = w.referral_id and wrap.kid = ${kid})`
  return row
}

/** What waits for a person's decision, of the referrals that `kid` opens: the oldest first, at most `max`. */
export function selectAsked(tx: Tx, kid: string, max: number): Promise<AskedRow[]> {
  return tx.sql<AskedRow[]>`
    ${asked(tx)}
    where w.envelope is null and w.decision is null
      and exists (select from wrap where wrap.referral_id = w.referral_id and wrap.kid = ${kid})
    order by w.asked_at, w.referral_id
    limit ${max}`
}

/** Keeps what a person decided, in the place of what one decided before. */
export async function updateDecision(tx: Tx, id: string, decision: Decision): Promise<void> {
  await tx.sql`
    update withdrawal
    set decision = ${decision}, decided_at = ${tx.now.toISOString()},
        settled_at = ${decision === 'confirmed' ? tx.now.toISOString() : null}
    where referral_id = ${id}`
}
