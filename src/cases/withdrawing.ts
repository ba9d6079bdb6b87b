/**
 * What follows where a referral is withdrawn: it leaves the queue. Of what an organisation withdrew the background work
 * sees to that, after the answer; each in one transaction with one entry, whatever there was to do: the size of the log,
 * which anybody may read, does not tell whether others referred the same person.
 *
 * A crash in it leaves the withdrawal on the list of those to be done. One that fails holds up none behind it.
 */
import type { Fact } from '../audit/entry.ts'
import { append } from '../audit/service.ts'
import type { Database, Tx } from '../database/connect.ts'
import { casesLock, type Step, takeTurn } from '../database/lock.ts'
import { passingOver } from '../database/passing.ts'
import { newId } from '../protocol/uuid.ts'
import { withdrawItem } from '../triage/service.ts'
import { settleWithdrawal, unsettledWithdrawal } from '../vault/service.ts'
import { caseIn, selectCasesOf, selectMembers } from './store/members.ts'

/** The step; of all replicas one at a time does one. */
export function createWithdrawing(database: Database): Step {
  return {
    name: 'withdrawing',
    run: passingOver((passed, trying) =>
      database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
        if ((await unsettledWithdrawal(tx, passed)) === undefined) return false
        await takeTurn(tx, casesLock)
        // Whoever had the turn before may have done it.
        const id = await unsettledWithdrawal(tx, passed)
        if (id === undefined) return false
        trying(id)
        await settleWithdrawal(tx, id)
        const details = await takeOffQueue(tx, id)
        const object = { kind: 'referral', id } as const
        await append(tx, { action: 'referral.taken-off', object, details })
        return true
      }),
    ),
  }
}

/**
 * Takes a withdrawn referral off the queue. The caller holds the lock of all cases.
 *
 * @returns what was done, as an entry of the log says it
 */
export async function takeOffQueue(
  tx: Tx,
  referralId: string,
): Promise<Readonly<Record<string, Fact>>> {
  const caseId = caseIn(await selectCasesOf(tx, [referralId]), referralId)
  const members = await selectMembers(tx, [caseId])
  const ids = members.map((member) => member.referralId)
  return { case: caseId, ...(await withdrawItem(tx, caseId, referralId, ids)) }
}
