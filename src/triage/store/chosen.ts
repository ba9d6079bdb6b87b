/** The item of one case that is asked for. */
import type { Tx } from '../../database/connect.ts'
import { isOpenHead } from '../state.ts'
import { isOpenable } from './claim.ts'

/** The case that a referral is in now. */
export async function selectCaseOf(tx: Tx, referralId: string): Promise<string | undefined> {
  const [row] = await tx.sql<{ caseId: string }[]>`
    select case_id as "caseId" from referral_case where referral_id = ${referralId}`
  return row?.caseId
}

/** Who holds the open item of a case, if `kid` may open it. */
export async function selectHolder(tx: Tx, caseId: string, kid: string) {
  const [row] = await tx.sql<{ holder: string | null }[]>`
    select case when item.leased_until > now() then item.leased_by end as holder
    from triage_item item
    where item.case_id = ${caseId} and ${isOpenHead(tx)} and ${isOpenable(tx, kid)}`
  return row
}
