import type { Static } from 'typebox'
import * as Type from 'typebox'
import { matchValuesMax } from '../protocol/envelope/envelope.ts'
import { PageLimit } from '../protocol/page.ts'
import { Bytes32, base64urlOf, Cursor, Uuid } from '../referral/format.ts'

const Epoch = Type.Integer({ minimum: 1, maximum: 1_000_000 })

/** As clients are to send it. */
export const EvaluationRequest = Type.Object(
  {
    epoch: Epoch,
    elements: Type.Array(Bytes32, {
      minItems: 1,
      maxItems: matchValuesMax,
      description: 'Blinded elements (RFC 9497, section 3.3.2), in base64url',
    }),
  },
  { additionalProperties: false },
)

/** What is let in: number and form of the elements are the service's to name, each by its code. */
export const EvaluationBody = Type.Object(
  {
    epoch: Epoch,
    elements: Type.Array(Type.String({ maxLength: 64 }), { maxItems: matchValuesMax + 1 }),
  },
  { additionalProperties: false },
)

const Evaluation = Type.Object({
  holder: Bytes32,
  elements: Type.Array(Bytes32, { description: 'In the order of those sent' }),
  proof: base64urlOf(64),
})

/** One answer of each holder of the epoch, in the order of the keyset. */
export const EvaluationAnswers = Type.Object({
  epoch: Epoch,
  answers: Type.Array(Evaluation, { minItems: 1, maxItems: 2 }),
})

/** A list of ids is short; whoever wants more reads on with the cursor. */
export const uncheckedPageMax = 200

export const UncheckedQuery = Type.Object(
  {
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(PageLimit(uncheckedPageMax)),
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
