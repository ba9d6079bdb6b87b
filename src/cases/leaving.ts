/** A referral leaves its case for good, because it is erased. Runs under `casesLock`. */
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { components } from './components.ts'
import { byPerson, type Grounds } from './judgement.ts'
import { moveOut } from './split.ts'
import { insertJudgement, selectLinks } from './store/judgements.ts'
import { caseIn, selectCasesOf, selectMembers } from './store/members.ts'

/**
 * Moves a referral out of its case into one of its own. The others stay one case, as they were held to be: those that it
 * alone had connected are connected directly from now on, by people if people had said it, and else by keys. The keys that
 * said it go with the referral, so that nothing is left of why.
 *
 * @param entryId - of the entry of the log in which the caller says what was done
 * @returns the case that the others stay in; `undefined` where it was alone
 */
export async function leaveCase(
  tx: Tx,
  referralId: string,
  entryId: string,
): Promise<string | undefined> {
  const caseId = caseIn(await selectCasesOf(tx, [referralId]), referralId)
  const ids = (await selectMembers(tx, [caseId])).map((member) => member.referralId)
  const others = ids.filter((id) => id !== referralId)
  if (others.length === 0) return undefined
  const links = await selectLinks(tx, ids)
  const own = links.filter((it) => it.leftId === referralId || it.rightId === referralId)
  const isSaid = own.every(({ basis }) => basis !== 'keys')
  const grounds: Grounds = isSaid ? byPerson() : { basis: 'keys', probability: null, bits: [] }
  const [first, ...rest] = components(others, links).flatMap(([one]) => one ?? [])
  for (const other of rest) {
    if (first === undefined) break
    await insertJudgement(tx, { ...grounds, between: [first, other], verdict: 'same', entryId })
  }
  await moveOut(tx, entryId, [caseId, others], [newId(), [referralId]])
  return caseId
}
