/**
 * Match keys from the recipient's side: nobody can check a referrer's values but by making them
 * again from what was sealed, so that is what a recipient does who holds `identity` and `contact`.
 * Its own, signed, take the place of the referrer's: one who lies about whom a referral is about, or
 * leaves that out, changes nothing for longer than until it is opened.
 */
import { canonicalBytes } from '../protocol/canonical.ts'
import { headerHash, type MatchValue } from '../protocol/envelope/envelope.ts'
import type { Opened } from '../protocol/envelope/open.ts'
import type { SecretKey } from '../protocol/keys.ts'
import { signMatchKeys } from '../protocol/matching/matchvalues.ts'
import { CheckedKeys } from '../reading/schemas.ts'
import { BadAnswer, isOutdated } from './failure.ts'
import { evaluatePerson } from './matching.ts'
import { readAnswer, type Unchecked, UncheckedAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/** Which page to list, or which one referral to look for. */
export type UncheckedQuery = {
  /** `next` of the page before. */
  readonly cursor?: string
  /** 1 to 200, 50 if left out. */
  readonly limit?: number
  /** Only this one, if it is unchecked. */
  readonly referralId?: string
}

/** What stands for a referral now that its match keys are checked. */
export type CheckedMatchKeys = {
  readonly referralId: string
  /** One for each epoch of the keyset, the newest first; empty where matching is not in use. */
  readonly epochs: readonly {
    readonly epoch: number
    /**
     * What the service held before: the same values, nothing, or something else, by the referrer or by
     * another recipient.
     */
    readonly before: 'same' | 'none' | 'other'
  }[]
}

/** @see createChecking */
export type Checking = {
  /**
   * Lists referrals whose match keys no recipient has checked: of each organisation in turn, the
   * oldest first. A page is empty where all are, and where matching is not in use. After a check begin
   * without a cursor: it moves later ones forward.
   */
  unchecked(query?: UncheckedQuery): Promise<Unchecked>
  /**
   * Makes the match keys of an opened referral again, and puts them, signed, in the place of what the
   * service holds. Repeating changes nothing further.
   *
   * @throws Error naming the compartment, for a recipient who holds not both `identity` and `contact`
   * @throws ServiceProblem `matching-budget-spent`, `matching-unavailable`, `insufficient-scope` and
   *   others; NoAnswer, after 5 seconds where the holder does not answer; Refusal or BadAnswer for a
   *   holder that answers wrongly; KeysUnmade for a defect that this referral brings out. Then the epochs that did not fail are checked all the same
   */
  checkMatchKeys(opened: Opened): Promise<CheckedMatchKeys>
}

/** The part of a reader that checks match keys. @param signer - the recipient's signing key */
export function createChecking(
  transport: Transport,
  keysets: ReturnType<typeof createKeysets>,
  signer: SecretKey,
): Checking {
  async function unchecked({ cursor, limit, referralId }: UncheckedQuery = {}) {
    const query = new URLSearchParams({
      ...(cursor !== undefined && { cursor }),
      ...(limit !== undefined && { limit: String(limit) }),
      ...(referralId !== undefined && { referralId }),
    })
    const path = '/v1/matching/unchecked'
    const asked = `${path}${query.size > 0 ? `?${query}` : ''}`
    const answer = await transport.send({ method: 'GET', path: asked, repeatable: true })
    const page = readAnswer(UncheckedAnswer, answer, `GET ${path}`)
    const { matching } = (await keysets.newest()).keyset
    // A rotation that this client has not heard of: what it would check is not what is listed.
    if (!matching.some(({ epoch }) => epoch === page.epoch)) keysets.refresh()
    return page
  }

  async function checkMatchKeys(opened: Opened): Promise<CheckedMatchKeys> {
    const { referralId, header, compartments } = opened
    for (const name of ['identity', 'contact'] as const) {
      if (compartments[name] !== undefined) continue
      throw new Error(`match keys are made of identity and contact: ${name} is not yours to open`)
    }
    try {
      const { keyset } = await keysets.newest()
      const evaluated = await evaluatePerson(transport, keyset, compartments)
      const bound = headerHash(canonicalBytes(header))
      const epochs: CheckedMatchKeys['epochs'][number][] = []
      for (const { epoch, values } of evaluated) {
        if (!values) continue
        epochs.push({ epoch, before: await put(referralId, bound, { epoch, values }) })
      }
      for (const { failure } of evaluated) if (failure) throw failure.thrown
      return { referralId, epochs }
    } catch (error) {
      // An epoch that has ended: the next is checked under the keyset that ended it.
      if (isOutdated(error)) keysets.refresh()
      throw error
    }
  }

  async function put(
    referralId: string,
    headerHash: Uint8Array,
    statement: { epoch: number; values: MatchValue[] },
  ): Promise<CheckedMatchKeys['epochs'][number]['before']> {
    const path = `/v1/referrals/${encodeURIComponent(referralId)}/match-keys`
    const body = { ...statement, signature: signMatchKeys(headerHash, statement, signer) }
    const answer = await transport.send({ method: 'PUT', path, body, repeatable: true })
    const stored = readAnswer(CheckedKeys, answer, `PUT ${path}`)
    if (stored.referralId !== referralId || stored.epoch !== statement.epoch) {
      throw new BadAnswer(`the match keys of ${referralId} were sent, others were acknowledged`)
    }
    return stored.before
  }

  return { unchecked, checkMatchKeys }
}
