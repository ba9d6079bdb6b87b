/** Withdrawals: by who sent a referral, and what bearers of receipts asked for and a person decides. */
import { decodeBase64url } from '../protocol/bytes.ts'
import type { Opened } from '../protocol/envelope/open.ts'
import type { Released } from '../protocol/envelope/released.ts'
import type { OpeningStep } from '../protocol/envelope/step.ts'
import type { SecretKey } from '../protocol/keys.ts'
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import { openMessage } from '../protocol/messages/thread.ts'
import type { Problem } from '../referral/problems.ts'
import type { ReleasedReferral } from '../vault/schemas.ts'
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
import type { createDirectories, createKeysets } from './trust.ts'

/** A referral as a claim or `fetch` released it, with what was signed when it was withdrawn. */
type Withdrawn = Released & Partial<Pick<ReleasedReferral, 'withdrawal' | 'withdrawalAskedAt'>>

/** Why a referral was withdrawn, in the words of its organisation: escape `content.text` before it is shown. */
export type WithdrawalReason =
  | { readonly opened: true; readonly content: unknown; readonly problems: readonly Problem[] }
  | { readonly opened: false; readonly step: OpeningStep; readonly detail: string }

/** @see createReader */
export type Deciding = {
  /**
   * Why the organisation that sent a referral withdrew it; `undefined` where nothing of that is there: it was not
   * withdrawn, or by the bearer of a receipt, or it was not sealed to this reader.
   *
   * @param released - as `fetch` returned it, or a claim of all compartments
   * @param about - the same, opened
   */
  withdrawalReason(released: Released, about: Opened): Promise<WithdrawalReason | undefined>
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

/** The part of a reader that reads of withdrawals, and decides. */
export function createDeciding(
  transport: Transport,
  keysets: ReturnType<typeof createKeysets>,
  newestDirectory: ReturnType<typeof createDirectories>,
  receiving: SecretKey,
): Deciding {
  const { kid } = receiving
  return {
    async withdrawalReason(released: Withdrawn, about) {
      const { withdrawal, withdrawalAskedAt } = released
      if (!withdrawal) return undefined
      const referral = { ...about, envelopeHash: decodeBase64url(about.envelopeHash, 32) }
      const { directory } = await newestDirectory()
      const input = {
        ...{ referral, reader: receiving, directory },
        keysets: await keysets.backTo(withdrawal.header?.keyset?.version),
        receivedAt: new Date(withdrawalAskedAt ?? Number.NaN),
      }
      const read = openMessage(withdrawal, input, ['withdrawal'])
      if (!read.opened) return read
      const { content, problems } = read
      return { opened: true, content, problems }
    },
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
