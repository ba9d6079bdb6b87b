/** Which claim is meant. */
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { Claim } from './state.ts'
import { selectItemByReference, selectPastItem } from './store/successor.ts'

/** `claimId` may be the reference of a referral of the item. */
export type Named = { readonly claimId: string; readonly fence: number }

/** The caller's claim of this name. @throws Refusal `lease-lost` for a reference of no item */
export async function claimOf(tx: Tx<KnownCaller>, { claimId, fence }: Named): Promise<Claim> {
  const isReference = isReferenceForm(claimId)
  const id = isReference ? await selectItemByReference(tx, claimId) : claimId
  if (id !== undefined) return { id, fence, clientId: tx.caller.clientId }
  throw new Refusal('lease-lost', 'there is no item of a referral with that reference')
}

/** The item of this id, or that as which the work on the referral with this reference last ended. */
export async function itemOf(tx: Tx, name: string): Promise<string> {
  const id = isReferenceForm(name) ? await selectPastItem(tx, name) : name
  if (id !== undefined) return id
  throw new Refusal('not-found', 'there is no item of a referral with that reference')
}
