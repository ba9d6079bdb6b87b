import { Type } from 'typebox'
import { type State, states } from '../referral/codes/state.ts'
import { Instant, Uuid } from '../referral/format.ts'

export const ReferralParams = Type.Object({ referralId: Uuid }, { additionalProperties: false })

export const ProofHeaders = Type.Object({
  'proof-of-work': Type.String({
    description: 'base64url of the JSON of `{ challenge, solution }`, as ALTCHA verifies it.',
  }),
})

/** What the bearer of a receipt may know of one referral. */
export const ReceiptState = Type.Object({
  referralId: Uuid,
  reference: Type.String(),
  receivedAt: Instant,
  state: Type.Enum(Object.keys(states) as State[]),
  supersedes: Type.Optional(Uuid),
  withdrawalAskedAt: Type.Optional(Instant),
})

export const ReceiptStates = Type.Object({ referrals: Type.Array(ReceiptState) })

export const WithdrawalRequest = Type.Object({ referralId: Uuid }, { additionalProperties: false })
