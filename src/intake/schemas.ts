import { Type } from 'typebox'
import { Kid, Uuid } from '../referral/format.ts'

export const ReferralParams = Type.Object({ referralId: Uuid }, { additionalProperties: false })

export const OpenQuery = Type.Object({ recipient: Kid }, { additionalProperties: false })
