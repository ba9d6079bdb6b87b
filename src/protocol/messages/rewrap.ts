/**
 * Making a grant: docs/PROTOCOL.md, "Grants". Rotation of a recipient's key is
 * a grant to the new key.
 */

import { Refusal } from '../../errors.ts'
import type { CompartmentName } from '../../referral/compartment.ts'
import type { Random } from '../bytes.ts'
import type { Wrap } from '../envelope/envelope.ts'
import type { Released } from '../envelope/released.ts'
import { type OpenInput, verifyReleased } from '../envelope/verify.ts'
import { type Reader, wrapKeys } from '../envelope/wrap.ts'
import type { SecretKey } from '../keys.ts'
import { randomBytes } from '../sodium.ts'
import { type Grant, signGrant } from './grant.ts'

/** A reader of the verified keyset or directory, and the compartments listed there for it. */
export type NewReader = Reader & { compartments: readonly CompartmentName[] }

/** What is passed on, and until when. */
export type RewrapTerms = {
  /** These and no others; all that both may have, if left out. */
  readonly compartments?: readonly CompartmentName[] | undefined
  /** When the grant ends; without an end if left out. */
  readonly until?: Date | undefined
  readonly random?: Random
}

/**
 * Re-wraps a referral to one more reader, after checking it as if to open it: nothing is passed on
 * under a grant that the granter could not read itself. It takes the wrap and no compartment.
 *
 * @param granter - the signing key of the recipient whose X-Wing key is `input.reader`
 * @throws Refusal `unknown-recipient-key` if the new reader may have none of the compartments,
 *   `recipient-lacks-compartments` if not all that are named; StepFailure if the referral does not open
 */
export function rewrap(
  released: Released,
  input: OpenInput,
  to: NewReader,
  granter: SecretKey,
  { compartments, until, random = randomBytes }: RewrapTerms = {},
): { grant: Grant; wrap: Wrap } {
  const wrapOnly = { ...released, compartments: {} }
  const { headerHash, keys } = verifyReleased(wrapOnly, { ...input, isWrapOnly: true })
  const wanted = compartments ?? to.compartments
  const given = new Map(
    [...keys].filter(([name]) => to.compartments.includes(name) && wanted.includes(name)),
  )
  const lacking = compartments?.filter((name) => !given.has(name)) ?? []
  if (lacking.length > 0) {
    const detail = `${lacking.join(', ')} cannot be passed on: not listed for the new reader, or not held here`
    throw new Refusal('recipient-lacks-compartments', detail)
  }
  if (given.size === 0) {
    throw new Refusal('unknown-recipient-key', `${to.kid} may have none of these compartments`)
  }
  const wrap = wrapKeys(given, to, headerHash, random)
  const granted = { referralId: input.referralId, headerHash, wrap }
  const terms = { compartments: [...given.keys()], until }
  return { grant: signGrant(granted, terms, granter, input.now), wrap }
}
