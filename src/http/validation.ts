/** How requests are held against the schemas of their routes. */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { FastifySchema, FastifySchemaCompiler } from 'fastify'

/** A number has one spelling in a path or query; no integer of ours has more digits. */
const decimal = /^(0|[1-9][0-9]{0,14})$/

/**
 * Refuses what does not fit. Of paths and queries only integers are converted, from decimal digits, and booleans, from
 * `true` and `false`: the library by itself takes `true`, `1.5` and `0x10` for numbers as well.
 */
export const validatorCompiler: FastifySchemaCompiler<FastifySchema> = (route) => {
  const check = TypeBoxValidatorCompiler({ ...route, httpPart: 'body' })
  if (route.httpPart === 'body') return check
  const { properties = {} } = route.schema as { properties?: Record<string, { type?: string }> }
  const convert = ([name, value]: [string, unknown]) => {
    const type = typeof value === 'string' ? properties[name]?.type : undefined
    if (type === 'boolean') return [name, { true: true, false: false }[String(value)] ?? value]
    return [name, type === 'integer' && decimal.test(String(value)) ? Number(value) : value]
  }
  return (value: object) => check(Object.fromEntries(Object.entries(value).map(convert)))
}
