/** What a person typed where an id goes. */
import { isReference } from '../../protocol/envelope/acknowledgement.ts'
import { UsageError } from '../command.ts'

/** Eight digits are a reference, as it was said on the telephone. */
export function hasReferenceForm(name: string): boolean {
  return /^[0-9]{8}$/.test(name)
}

/** `name`, an id or a reference. @throws UsageError for a mistyped reference, before anything is sent */
export function named(name: string): string {
  if (!hasReferenceForm(name) || isReference(name)) return name
  throw new UsageError('the reference has a mistyped digit: compare it, or ask for it again')
}

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether it has the form of an id. */
export function isId(name: string): boolean {
  return idForm.test(name)
}

/** A referral's id or reference, and nothing else. @throws UsageError as `named`, and for what is neither */
export function referralNamed(name: string): string {
  if (hasReferenceForm(name) || isId(name)) return named(name.toLowerCase())
  throw new UsageError('a referral is named by its id, or by its reference of 8 digits')
}

/**
 * The one of `list` that `--name` gives.
 *
 * @throws UsageError that lists the right ones
 */
export function oneOf<Code extends string>(
  name: string,
  given: string,
  list: readonly Code[],
): Code {
  const found = list.find((code) => code === given)
  if (found !== undefined) return found
  throw new UsageError(`--${name} is one of ${list.join(', ')}`)
}
