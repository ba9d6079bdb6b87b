/** Names that a person may have typed: an id, or the reference of a referral. */
import { Refusal } from '../errors.ts'
import { isReference, isReferenceOf } from '../protocol/envelope/acknowledgement.ts'

/**
 * `name`, unless it is eight digits of which the last does not check the others.
 *
 * @throws Refusal `reference-mistyped`
 */
export function wellTyped(name: string): string {
  if (!/^[0-9]{8}$/.test(name) || isReference(name)) return name
  throw new Refusal('reference-mistyped', 'the check digit of the reference does not fit')
}

/**
 * Refuses the reference that a server gives a referral, or a referral that it gives for a reference, where
 * the one cannot be of the other.
 *
 * @param referralIds - it must be of one of these
 * @throws Refusal `reference-mismatch`
 */
export function requireReferenceOf(referralIds: readonly string[], reference: string): void {
  if (referralIds.some((id) => isReferenceOf(id, reference))) return
  const detail = `the reference that the service names with ${referralIds.join(', ')} is of none of these`
  throw new Refusal('reference-mismatch', detail)
}

/** Where an act on a claim goes. @param claimId - its id, or the reference of a referral of it */
export function claimPath(claimId: string, act: string): string {
  return `/v1/triage/claims/${encodeURIComponent(wellTyped(claimId))}/${act}`
}

/** Where an act on an item goes. @param itemId - of what was done with it, the reference of a referral too */
export function itemPath(itemId: string, act: string): string {
  return `/v1/triage/items/${encodeURIComponent(wellTyped(itemId))}/${act}`
}
