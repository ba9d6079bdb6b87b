/** What passes between the service and a keyholder in another process. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { matchValuesMax } from '../protocol/envelope/envelope.ts'
import { Bytes32, base64urlOf } from '../referral/format.ts'

/** Elements are read one by one (`readElements`), so that each fault has its name. */
export const KeyholderRequest = Type.Object(
  {
    holder: Bytes32,
    elements: Type.Array(Type.String({ maxLength: 64 }), { maxItems: matchValuesMax + 1 }),
  },
  { additionalProperties: false },
)
export type KeyholderRequest = Static<typeof KeyholderRequest>

export const KeyholderAnswer = Type.Object(
  {
    holder: Bytes32,
    elements: Type.Array(Bytes32, { minItems: 1, maxItems: matchValuesMax }),
    proof: base64urlOf(64),
  },
  { additionalProperties: false },
)
export type KeyholderAnswer = Static<typeof KeyholderAnswer>

/** A refusal. It says no more, because its reader is a program, and the people who run it have the log. */
export const KeyholderRefusal = Type.Object({ code: Type.String({ maxLength: 64 }) })
