import { type Static, Type } from 'typebox'
import { Uuid } from '../referral/format.ts'

/** A list of ids is short; whoever wants more reads on with the cursor. */
export const uncheckedPageMax = 200

export const UncheckedQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,120}$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: uncheckedPageMax, default: 50 })),
    referralId: Type.Optional({ ...Uuid, description: 'Only this one, if it is unchecked.' }),
  },
  { additionalProperties: false },
)

export const Unchecked = Type.Object({
  epoch: Type.Optional(
    Type.Integer({ description: 'The epoch to make keys for; absent where none is listed.' }),
  ),
  referralIds: Type.Array(Uuid, { maxItems: uncheckedPageMax }),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})
export type Unchecked = Static<typeof Unchecked>
