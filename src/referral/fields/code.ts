import { type TEnum, Type } from 'typebox'

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
  return Type.Enum(codes, {
    description: [description, `${labels.join('; ')}.`].filter(Boolean).join(' '),
  })
}
