/**
 * The urgency from the recipient's side: the service cannot read what the rules read, so a recipient that
 * holds all of it applies them to each referral that it opens and states the result, signed. The
 * item of one that was sealed as less urgent than that is raised.
 */
import { canonicalBytes } from '../protocol/canonical.ts'
import { headerHash } from '../protocol/envelope/envelope.ts'
import type { Opened } from '../protocol/envelope/open.ts'
import { signUrgency, type UrgencyStatement } from '../protocol/envelope/urgency.ts'
import type { SecretKey } from '../protocol/keys.ts'
import { StatedUrgency } from '../reading/schemas.ts'
import { proposeUrgency } from '../referral/urgency.ts'
import { BadAnswer } from './failure.ts'
import { readAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'

type Stated = StatedUrgency | 'withheld' | undefined

/** @see createStating */
export type Stating = {
  /**
   * What became of the statement that `open` began: the urgency that stood before, and the one that
   * stands now. It is `undefined` for a recipient that does not hold all that the rules read, and `withheld`
   * for one that does where some of it did not open; either states nothing, and of the second a person
   * must be told. For what another reader opened, it begins one.
   *
   * @throws ServiceProblem, `clock-differs` and others; NoAnswer, after 10 seconds at most; BadAnswer
   */
  stateUrgency(opened: Opened): Promise<StatedUrgency | 'withheld' | undefined>
}

/** Nobody waits for it, but a process does before it ends. */
const withinMs = 10_000

/** The part of a reader that states urgencies. @param signer - the recipient's signing key */
export function createStating(transport: Transport, signer: SecretKey): Stating {
  // By the opened referral itself, and forgotten with it: each opening states once.
  const begun = new WeakMap<Opened, Promise<Stated>>()

  function stateUrgency(opened: Opened): Promise<Stated> {
    const known = begun.get(opened)
    if (known) return known
    const stating = state(opened)
    // Whoever does not ask what became of it must not end by it.
    stating.catch(() => {})
    begun.set(opened, stating)
    return stating
  }

  async function state(opened: Opened): Promise<Stated> {
    const { referralId, header, compartments, urgency: comparison } = opened
    if (!comparison.compared) return comparison.withheld && 'withheld'
    // The clock by which `open` compared: what is stated is what was shown.
    const now = new Date()
    const { rules, urgency } = proposeUrgency(compartments, now)
    const statement: UrgencyStatement = { rules, urgency, at: now.toISOString() }
    const bound = headerHash(canonicalBytes(header))
    const body = { ...statement, signature: signUrgency(bound, statement, signer) }
    const path = `/v1/referrals/${encodeURIComponent(referralId)}/urgency`
    const request = { method: 'PUT', path, body, repeatable: true, withinMs } as const
    const stated = readAnswer(StatedUrgency, await transport.send(request), `PUT ${path}`)
    if (stated.referralId === referralId) return stated
    throw new BadAnswer(`the urgency of ${referralId} was stated, another was acknowledged`)
  }

  return { stateUrgency }
}
