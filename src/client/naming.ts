/** Names that a person may have typed: an id, or the reference of a referral. */
import { Refusal } from '../errors.ts'
import { isReference } from '../protocol/acknowledgement.ts'

/**
 * `name`, unless it is eight digits of which the last does not check the others.
 *
 * @throws Refusal `reference-mistyped`
 */
export function wellTyped(name: string): string {
  if (!/^[0-9]{8}$/.test(name) || isReference(name)) return name
  throw new Refusal('reference-mistyped', 'the check digit of the reference does not fit')
}
