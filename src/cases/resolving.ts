/** Which case is meant, and whose turn it is to change one. */
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { takeTurn } from '../database/loop.ts'
import { Refusal } from '../errors.ts'
import { casesLock } from './merging.ts'
import { resolveCase } from './store.ts'

/** One transaction in which no other changes any case. */
export function inTurn<Result>(
  database: Database,
  caller: KnownCaller,
  act: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return database.inTransaction(caller, async (tx) => {
    await takeTurn(tx, casesLock)
    return act(tx)
  })
}

/** The case of that id, or the one that it joined. @throws Refusal `not-found` */
export async function requireCase(tx: Tx, caseId: string): Promise<string> {
  const found = await resolveCase(tx, caseId)
  if (found === undefined) throw new Refusal('not-found', `there is no case ${caseId}`)
  return found
}

/**
 * Refuses to change a case under the id of another: whoever names it has seen what it was before it
 * joined, and not whom it holds now.
 *
 * @throws Refusal `case-changed`, naming the present case
 */
export function requireNamed(caseId: string, found: string): void {
  if (caseId === found) return
  throw new Refusal('case-changed', `case ${caseId} is in case ${found} by now`)
}
