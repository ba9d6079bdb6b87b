import type { Static } from 'typebox'
import * as Type from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { MatchValue, matchValuesMax, Signature } from '../protocol/envelope/envelope.ts'
import { urgencyStatementProperties } from '../protocol/envelope/urgency.ts'
import { type Urgency, urgencies } from '../referral/codes/clear.ts'
import { type State, states } from '../referral/codes/state.ts'
import { Instant, Kid, Uuid } from '../referral/format.ts'

/** Which referral, by its id or, as it was said on the telephone, its reference. */
export const NamedParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)

export const OpenQuery = Type.Object({ recipient: Kid }, { additionalProperties: false })

export const MatchKeysRequest = Type.Object(
  {
    epoch: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    values: Type.Array(MatchValue, {
      maxItems: matchValuesMax,
      uniqueItems: true,
      description: 'Empty if the opened referral gives no match keys: the service then knows that.',
    }),
    signature: Signature,
  },
  { additionalProperties: false },
)
export type MatchKeysRequest = Static<typeof MatchKeysRequest>

export const CheckedKeys = Type.Object({
  referralId: Uuid,
  epoch: Type.Integer(),
  before: Type.Enum(['same', 'none', 'other'], {
    description:
      'What stood there: the same values; nothing; or something else, by the referrer or another recipient, and then the referral is flagged.',
  }),
})
export type CheckedKeys = Static<typeof CheckedKeys>

export const UrgencyRequest = Type.Object(
  { ...urgencyStatementProperties, signature: Signature },
  { additionalProperties: false },
)
export type UrgencyRequest = Static<typeof UrgencyRequest>

const Standing = Type.Enum(Object.keys(urgencies) as Urgency[])

export const StatedUrgency = Type.Object({
  referralId: Uuid,
  before: {
    ...Standing,
    description: 'The urgency before: that of the header, or the highest that was stated.',
  },
  urgency: { ...Standing, description: 'The urgency now. It is never lower than before.' },
})
export type StatedUrgency = Static<typeof StatedUrgency>

export const DecisionQuery = Type.Object(
  {
    recipient: Kid,
    decline: Type.Optional(
      Type.Boolean({ description: 'It is declined: the referral stays as it is.' }),
    ),
  },
  { additionalProperties: false },
)
export type DecisionQuery = Static<typeof DecisionQuery>

/** That the bearer of a receipt asked to withdraw a referral, as those see it who decide. */
export const AskedWithdrawal = Type.Object({
  referralId: Uuid,
  reference: Type.String(),
  state: Type.Enum(Object.keys(states) as State[]),
  askedAt: Instant,
  keptUntil: { ...Instant, description: 'Nothing of it is erased before.' },
  othersThatDay: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'How many others, under other receipts, asked from the same network on that day of UTC. Left out where none is known: many share an exit.',
    }),
  ),
  decision: Type.Optional(Type.Enum(['confirmed', 'declined'])),
  decidedAt: Type.Optional(Instant),
})

export const AskedWithdrawals = Type.Object({
  asked: Type.Array(AskedWithdrawal),
  more: Type.Boolean({ description: 'There are more: they follow once these are decided.' }),
})
export type AskedWithdrawals = Static<typeof AskedWithdrawals>
