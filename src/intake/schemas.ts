import { Type } from 'typebox'
import { Uuid } from '../referral/format.ts'

export const ReferralParams = Type.Object({ referralId: Uuid }, { additionalProperties: false })
