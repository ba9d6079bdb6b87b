import { type Static, Type } from 'typebox'
import { MatchValue, matchValuesMax, Signature } from '../protocol/envelope.ts'
import { Kid, Uuid } from '../referral/format.ts'

export const ReferralParams = Type.Object({ referralId: Uuid }, { additionalProperties: false })

export const OpenQuery = Type.Object({ recipient: Kid }, { additionalProperties: false })

export const MatchKeysRequest = Type.Object(
  {
    epoch: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    values: Type.Array(MatchValue, {
      maxItems: matchValuesMax,
      uniqueItems: true,
      description: 'Empty where what was opened gives no keys: that too is then known.',
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
      'What stood there: the same values; nothing; or something else, by the referrer or another recipient, and then the referral is marked.',
  }),
})
export type CheckedKeys = Static<typeof CheckedKeys>
