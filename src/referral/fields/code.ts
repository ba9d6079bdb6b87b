import type { TEnum } from 'typebox'
import * as Type from 'typebox'

/** Where a schema of codes keeps its table; no JSON shows it. */
const tableOf = Symbol('table')

/** The codes of a table, as text: `1` is written `'1'`. */
type Code<Table> = `${keyof Table & (string | number)}`

/**
 * One code of a table `{ code: label }`. The labels go into the description, so that the published
 * schema can be read without the tables.
 */
export function code<Table extends Record<string, string>>(
  table: Table,
  description?: string,
): TEnum<Code<Table>[]> {
  const labels = Object.entries(table).map(([name, label]) => `${name}: ${label}`)
  const codes = Object.keys(table) as Code<Table>[]
  const schema = Type.Enum(codes, {
    description: [description, `${labels.join('; ')}.`].filter(Boolean).join(' '),
  })
  return Object.assign(schema, { [tableOf]: table })
}

/** The table `{ code: label }` of a schema that `code` made; `undefined` of any other. */
export function labelsOf(schema: object): Readonly<Record<string, string>> | undefined {
  return (schema as { [tableOf]?: Readonly<Record<string, string>> })[tableOf]
}
