/** What recipients have stated of the urgency of referrals that they opened. */
import type { Tx } from '../database/connect.ts'
import type { Urgency } from '../referral/codes/clear.ts'

export type NewStatement = {
  readonly referralId: string
  readonly urgency: Urgency
  readonly rules: number
  /** As it was signed. */
  readonly at: string
  readonly signer: string
  readonly signature: Uint8Array
}

/** The urgencies that were stated of a referral, each higher than all before it. */
export async function selectStated(tx: Tx, referralId: string): Promise<Urgency[]> {
  const rows = await tx.sql<{ urgency: Urgency }[]>`
    select urgency from urgency_statement where referral_id = ${referralId}`
  return rows.map(({ urgency }) => urgency)
}

/** Keeps it; of two at once that state the same, the first. */
export async function insertStatement(tx: Tx, statement: NewStatement): Promise<void> {
  const { referralId, urgency, rules, at, signer, signature } = statement
  await tx.sql`
    insert into urgency_statement ${tx.sql({
      referral_id: referralId,
      urgency,
      rules,
      at,
      signer,
      signature,
      stored_at: tx.now.toISOString(),
    })}
    on conflict do nothing`
}
