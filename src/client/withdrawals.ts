/** Withdrawals: by who sent a referral, and what bearers of receipts asked for and a person decides. */
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import { isOutdated } from './failure.ts'
import { wellTyped } from './naming.ts'
import {
  type AskedWithdrawal,
  AskedWithdrawalAnswer,
  type AskedWithdrawals,
  AskedWithdrawalsAnswer,
  type OwnReferral,
  OwnReferralAnswer,
  readAnswer,
} from './schemas.ts'
import type { Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/** @see createReader */
export type Deciding = {
  /** What was asked for and nobody decided on, of the referrals that this key opens: the oldest first, at most 200. */
  withdrawals(): Promise<AskedWithdrawals>
  /**
   * Withdraws a referral as the bearer of its receipt asked, or declines that; what was declined may be confirmed later.
   * Safe to repeat.
   *
   * @param referral - its id or reference
   * @throws ServiceProblem `not-found` where nobody asked, `withdrawal-refused` where it has its answer or is withdrawn
   */
  decideWithdrawal(referral: string, decision: 'confirm' | 'decline'): Promise<AskedWithdrawal>
}

/** The part of a reader that decides. @param kid - of its recipient key */
export function createDeciding(transport: Transport, kid: string): Deciding {
  return {
    async withdrawals() {
      const path = `/v1/referrals/withdrawals?recipient=${kid}`
      const answer = await transport.send({ method: 'GET', path, repeatable: true })
      return readAnswer(AskedWithdrawalsAnswer, answer, `GET ${path}`)
    },
    async decideWithdrawal(referral, decision) {
      const query = `recipient=${kid}${decision === 'decline' ? '&decline=true' : ''}`
      const name = encodeURIComponent(wellTyped(referral))
      const path = `/v1/referrals/${name}/withdrawal/confirmation?${query}`
      const answer = await transport.send({ method: 'POST', path, repeatable: true })
      return readAnswer(AskedWithdrawalAnswer, answer, `POST ${path}`)
    },
  }
}

/** The part of a referrer that withdraws. Where its keyset has passed, it is sealed anew under the newest. @see Referrer */
export function createWithdrawing(
  transport: Transport,
  keysets: Pick<ReturnType<typeof createKeysets>, 'refresh'>,
  seal: (referral: string, reason: string) => Promise<MessageEnvelope>,
) {
  return async function withdraw(referral: string, reason: string): Promise<OwnReferral> {
    const body = await seal(referral, reason)
    const path = `/v1/referrals/${encodeURIComponent(wellTyped(referral))}/withdrawal`
    try {
      const answer = await transport.send({ method: 'POST', path, body, repeatable: true })
      return readAnswer(OwnReferralAnswer, answer, `POST ${path}`)
    } catch (error) {
      if (isOutdated(error) && keysets.refresh()) return withdraw(referral, reason)
      throw error
    }
  }
}
