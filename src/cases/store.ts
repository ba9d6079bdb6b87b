import type { Tx } from '../database/connect.ts'

/** Without RETURNING: the referrer, as whom this runs, may write the row and never read it. */
export async function insertCase(tx: Tx, caseId: string, referralId: string): Promise<void> {
  await tx.sql`
    insert into referral_case (case_id, referral_id) values (${caseId}, ${referralId})`
}
