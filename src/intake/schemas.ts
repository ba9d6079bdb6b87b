import { Type } from 'typebox'
import { ProvenEntry } from '../audit/schemas.ts'
import { type State, states } from '../referral/codes/state.ts'
import { Instant, Kid, Uuid } from '../referral/format.ts'
import { recipientsMax } from '../referral/header.ts'

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

/** Who opened a referral, as its referrer may know it. */
export const Openings = Type.Object({
  keysetVersion: Type.Integer({
    minimum: 1,
    description: 'The keyset that the referral is sealed under: it names the recipients',
  }),
  openings: Type.Array(
    Type.Object({
      label: Type.String({ description: 'What that keyset calls the recipient' }),
      recipient: Kid,
      day: Type.String({
        pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
        description: 'The day in London on which it first opened the referral',
      }),
      ...ProvenEntry.properties,
    }),
    { maxItems: recipientsMax },
  ),
})

export const WithdrawalRequest = Type.Object({ referralId: Uuid }, { additionalProperties: false })
