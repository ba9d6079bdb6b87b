/**
 * PostgreSQL's arrays of one dimension as text (section 8.15), for the driver. By itself it looks their
 * types up on each new connection, and where that look-up meets a server that is going down, its error has
 * nobody to go to and ends the process. So the look-up is off, and these are all the types we use.
 */
/** Object ids of array types (PostgreSQL's catalog/pg_type.dat), by name. */
const arrayTypes = { int4: 1007, text: 1009, uuid: 2951 } as const

/** The types, as an option of the driver. Numbers of int4 come back as numbers, all else as text. */
export const arrays = Object.fromEntries(
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

/** Writes an array; what is a string already, as drizzle makes it, stays. */
export function writeArray(elements: string | readonly (string | number)[]): string {
  if (typeof elements === 'string') return elements
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
