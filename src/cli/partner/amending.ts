/** Which referral a draft amends: the newest of those by which the named one was amended before. */
import { BadAnswer, type Referrer } from '../../client/index.ts'
import { allSince } from './status.ts'

/** By ids. Repeated with the same draft, a call that names the same referral makes no other amendment. */
export type Amended = { readonly named: string; readonly newest: string }

/**
 * The referral to be amended.
 *
 * @param name - the id or reference of one of the caller's organisation, which may have been amended since
 * @throws ServiceProblem `not-found` for one that it did not send, BadAnswer
 */
export async function amendedOf(
  referrer: Pick<Referrer, 'state' | 'states'>,
  name: string,
): Promise<Amended> {
  const { referralId: named } = await referrer.state(name)
  const { referrals } = await allSince(referrer, undefined)
  const after = new Map(referrals.map(({ supersedes, referralId }) => [supersedes, referralId]))
  let newest = named
  for (let steps = 0; steps <= referrals.length; steps += 1) {
    const next = after.get(newest)
    if (next === undefined) return { named, newest }
    newest = next
  }
  throw new BadAnswer('the amendments of the referral go round in a circle')
}
