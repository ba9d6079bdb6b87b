/** Which case is meant. */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { resolveCase, selectCaseByReference } from './store.ts'

/**
 * The case of that id, or the one that it joined; or the case of the referral with that reference.
 *
 * @throws Refusal `not-found`
 */
export async function requireCase(tx: Tx, name: string): Promise<string> {
  const find = isReferenceForm(name) ? selectCaseByReference : resolveCase
  const found = await find(tx, name)
  if (found === undefined) throw new Refusal('not-found', `there is no case ${name}`)
  return found
}

/**
 * Refuses to change a case under the id of another: whoever names it has seen what it was before it
 * joined, and not whom it holds now. A reference names whatever case its referral is in.
 *
 * @throws Refusal `case-changed`, naming the present case
 */
export function requireNamed(caseId: string, found: string): void {
  if (caseId === found || isReferenceForm(caseId)) return
  throw new Refusal('case-changed', `case ${caseId} was merged into case ${found}`)
}
