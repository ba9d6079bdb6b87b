/** What passes between the service and a holder apart. */
import { type Static, Type } from 'typebox'
import { matchValuesMax } from '../protocol/envelope/envelope.ts'
import { Bytes32, base64urlOf } from '../referral/format.ts'

/** Elements are read one by one (`readElements`), so that each fault has its name. */
export const HolderRequest = Type.Object(
  {
    holder: Bytes32,
    elements: Type.Array(Type.String({ maxLength: 64 }), { maxItems: matchValuesMax + 1 }),
  },
  { additionalProperties: false },
)
export type HolderRequest = Static<typeof HolderRequest>

export const HolderAnswer = Type.Object(
  {
    holder: Bytes32,
    elements: Type.Array(Bytes32, { minItems: 1, maxItems: matchValuesMax }),
    proof: base64urlOf(64),
  },
  { additionalProperties: false },
)
export type HolderAnswer = Static<typeof HolderAnswer>

/** A refusal. It says no more: the one who asks is a program, and its people have the log. */
export const HolderRefusal = Type.Object({ code: Type.String({ maxLength: 64 }) })
