/**
 * What the driver reads and writes otherwise than by itself. Types have PostgreSQL's object ids
 * (catalog/pg_type.dat).
 *
 * Arrays of one dimension, as text (section 8.15): by itself the driver looks their types up on each new
 * connection, and where that look-up meets a server that is going down, its error has nobody to go to and
 * ends the process. So the look-up is off, and these are all the arrays we use, but those of bytes: they are
 * written by `bytesArray`, and read element by element, by unnest().
 *
 * Instants stay text both ways, for a Date of the driver's would lose what an infinity is. JSON is given as
 * text, which the driver would quote once more, and comes back parsed.
 */
const arrayTypes = { int4: 1007, int8: 1016, text: 1009, uuid: 2951 } as const

const asIs = (text: string) => text

/** Numbers of int4 come back as numbers, the elements of other arrays as text. */
const arrays = Object.fromEntries(
  Object.entries(arrayTypes).map(([name, oid]) => {
    const read = (text: string) => (name === 'int4' ? Number(text) : text)
    return [
      name,
      {
        to: oid,
        from: [oid],
        serialize: writeArray,
        parse: (text: string) => readArray(text).map(read),
      },
    ]
  }),
)

/** The types, as an option of the driver: by the names of its own where it has them. */
export const types = {
  ...arrays,
  date: { to: 1184, from: [1082, 1114, 1184], serialize: asIs, parse: asIs },
  json: { to: 114, from: [114, 3802], serialize: asIs, parse: (text: string) => JSON.parse(text) },
}

/** Writes an array of bytes, which the driver would take for bytes: for `::bytea[]`. */
export function bytesArray(elements: readonly Uint8Array[]): string {
  return writeArray(elements.map((each) => `\\x${Buffer.from(each).toString('hex')}`))
}

/** Writes an array. */
export function writeArray(elements: readonly (string | number)[]): string {
  const written = elements.map((each) => `"${String(each).replace(/["\\]/g, '\\$&')}"`)
  return `{${written.join(',')}}`
}

const element = /"((?:[^"\\]|\\.)*)"|([^",{}\\]+)/gs

/** Reads an array that holds no NULL. @throws Error for one that does, or has other than one dimension from 1 */
export function readArray(text: string): string[] {
  const found = [...text.matchAll(element)]
  // What has more dimensions, or other bounds, holds more than its elements and their commas.
  if (text !== `{${found.map(([written]) => written).join(',')}}`)
    throw new Error('an array is not of one dimension')
  return found.map(([, quoted, bare = '']) => {
    if (quoted === undefined && bare.toUpperCase() === 'NULL')
      throw new Error('an array holds NULL')
    return quoted?.replace(/\\(.)/gs, '$1') ?? bare
  })
}
