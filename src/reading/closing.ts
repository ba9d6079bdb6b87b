/** Closing: what was answered is done with, and its answer is not taken back any more (referral/codes/state.ts). */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { headerOf, move, movedEntry, requireId, requireKid, stateOf } from '../vault/service.ts'

/**
 * Closes a referral that has its answer. Repeated, it is closed already.
 *
 * @throws Refusal `not-found` for one that the key does not open, `state-refused` for one without an answer
 */
export async function close(
  tx: Tx<KnownCaller>,
  name: string,
  { recipient }: { readonly recipient: string },
): Promise<void> {
  requireKid(tx, recipient)
  const id = await requireId(tx, name)
  if (!(await headerOf(tx, id, recipient))) {
    throw new Refusal('not-found', `no referral ${id} for that key`)
  }
  const [moved] = await move(tx, [id], 'closed')
  const state = moved === undefined ? await stateOf(tx, id) : 'closed'
  if (state !== 'closed') {
    throw new Refusal('state-refused', `the referral is ${state}, which does not become closed`)
  }
  const { details, ...entry } = movedEntry(id, 'closed')
  const repeated = moved === undefined && { repeated: true }
  await append(tx, { ...entry, recipient, details: { ...details, ...repeated } })
}
