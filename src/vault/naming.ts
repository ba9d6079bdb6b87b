/** Which referral is meant, and how urgent it stands. */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { Urgency } from '../referral/codes/clear.ts'
import { mostUrgent } from '../referral/urgency.ts'
import { lockKept, selectErased, selectIds } from './store.ts'
import { selectStated } from './urgency-store.ts'

export { insertStatement as keepStatement } from './urgency-store.ts'

/**
 * The referrals that the ids and references of each list name, each once. An id is taken as it is, and a
 * reference that is nobody's stays as it was: neither is looked for.
 */
export async function resolveLists(
  tx: Tx,
  lists: readonly (readonly string[])[],
): Promise<string[][]> {
  const references = lists.flat().filter(isReferenceForm)
  const ids = references.length > 0 && (await selectIds(tx, references))
  if (!ids) return lists.map((names) => [...names])
  return lists.map((names) => [...new Set(names.map((name) => ids.get(name) ?? name))])
}

/** The referral of this id or reference. @throws Refusal `not-found` for a reference of none, `erased` */
export async function requireId(tx: Tx, name: string): Promise<string> {
  const [[id = name] = []] = await resolveLists(tx, [[name]])
  if (isReferenceForm(id)) throw new Refusal('not-found', `no referral ${id} for that key`)
  await requireKept(tx, id)
  return id
}

/** Keeps a referral from being erased, as `lockKept`. @throws Refusal `erased` */
export async function keepFromErasing(tx: Tx, id: string): Promise<void> {
  if (!(await lockKept(tx, id))) await requireKept(tx, id)
}

/** @throws Refusal `erased` for a referral of which nothing is left, to whoever saw it before */
async function requireKept(tx: Tx, id: string): Promise<void> {
  const erasedAt = await selectErased(tx, id)
  if (erasedAt !== undefined) throw erasedOn(id, erasedAt)
}

export function erasedOn(id: string, erasedAt: string): Refusal {
  return new Refusal('erased', `referral ${id} was erased on ${erasedAt.slice(0, 10)}`)
}

/** What stands for a referral: `sealed`, its header's, or a higher urgency that was stated since. */
export async function standingUrgency(tx: Tx, id: string, sealed: Urgency): Promise<Urgency> {
  return mostUrgent(sealed, ...(await selectStated(tx, id)))
}
