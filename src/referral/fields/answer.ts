/**
 * How a question is answered, everywhere in a referral.
 *
 * There are no booleans: a box that was not ticked is not a "no". So
 * - a plain question is one of the words `yes`, `no`, `unknown`, `not_asked`;
 * - a question with details holds the details, which means yes, or one of the same four words;
 * - a question of since when holds the time, which means yes, or one of the same four words;
 * - a field that must be answered holds its value, or one of the words `unknown`, `not_asked`;
 * - any other field is left out when there is nothing to say, which counts as `not_asked`.
 */
import type { TObject, TProperties, TSchema } from 'typebox'
import * as Type from 'typebox'
import { answers, unanswered } from '../codes/answer.ts'
import { code } from './code.ts'
import { Day, Instant } from './text.ts'

const Answer = code(answers)
const Unanswered = code(unanswered)

/** A question whose whole answer is one of four words. */
export function yesOrNo(description: string) {
  return code(answers, description)
}

/** A question whose yes carries details. At least one, so that a bare yes has one spelling: `yes`. */
export function question<Details extends TProperties>(details: Details, description: string) {
  return Type.Union([group(details, undefined, { minProperties: 1 }), Answer], { description })
}

/** A question whose yes is the time since when. */
export function sinceWhen(description: string) {
  return Type.Union([Day, Instant, Answer], { description })
}

/** A field that must be answered, and may be answered by saying that the answer is missing. */
export function mustAnswer<Value extends TSchema>(value: Value, description: string) {
  return Type.Union([value, Unanswered], { description })
}

/** An object that holds these properties and no other. */
export function group<Properties extends TProperties>(
  properties: Properties,
  description?: string,
  limits: { minProperties?: number; anyOf?: { required: string[] }[] } = {},
): TObject<Properties> {
  const about = description === undefined ? {} : { description }
  return Type.Object(properties, { additionalProperties: false, ...about, ...limits })
}
