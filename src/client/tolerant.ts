/**
 * The form in which a client reads an answer: that in which the service states it, open to what a newer
 * service may say.
 */
import type { Static, TSchema, TUnsafe } from 'typebox'
import * as Type from 'typebox'

/** What an answer is read as: a word of a closed list is a text, because the list may grow. */
export type Tolerant<Value> = Value extends string
  ? string
  : Value extends readonly (infer Item)[]
    ? Tolerant<Item>[]
    : Value extends object
      ? { [Name in keyof Value]: Tolerant<Value[Name]> }
      : Value

/**
 * The same answer with properties beside those of the schema, other words than those of its lists, and
 * longer lists: how much a client reads at all is bounded before (answer.ts). An answer whose words a
 * client acts on is not read so.
 */
export function tolerant<Schema extends TSchema>(
  schema: Schema,
): TUnsafe<Tolerant<Static<Schema>>> {
  return Type.Unsafe(opened(schema))
}

/** The keywords that are changed, or that lead to others. */
type Keywords = {
  type?: unknown
  enum?: unknown
  properties?: Record<string, Keywords>
  items?: Keywords
  maxItems?: number
  additionalProperties?: unknown
}

function opened({ additionalProperties, maxItems, ...schema }: Keywords): Keywords {
  if (schema.enum) return { type: 'string' }
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    return [name, opened(property)]
  })
  return {
    ...schema,
    ...(schema.properties && { properties: Object.fromEntries(properties) }),
    ...(schema.items && { items: opened(schema.items) }),
  }
}
