/** What handing a claim over takes. */
import * as Type from 'typebox'
import { Uuid } from '../referral/format.ts'
import { RenewalRequest } from './schemas.ts'

export const HandoverRequest = Type.Object(
  {
    ...RenewalRequest.properties,
    to: Type.Unsafe<string>({
      ...Uuid,
      description: 'The id of the client that is to hold it from now on, for `leaseSeconds`.',
    }),
  },
  { additionalProperties: false },
)
