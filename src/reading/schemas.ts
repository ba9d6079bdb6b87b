import { type Static, Type } from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { MatchValue, matchValuesMax, Signature } from '../protocol/envelope/envelope.ts'
import { urgencyStatementProperties } from '../protocol/envelope/urgency.ts'
import { type Urgency, urgencies } from '../referral/codes/clear.ts'
import { Kid, Uuid } from '../referral/format.ts'

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
