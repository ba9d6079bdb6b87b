/** Reads what may not fit the schema: an opened referral can come from a newer or a broken client. */
import type { CompartmentName } from './compartment.ts'

/** A referral as far as it could be opened and read. */
export type Readable = { readonly [Name in CompartmentName]?: unknown }

/** What stands at the path, or `undefined` where there is nothing or something unlike an object. */
export function read(value: unknown, ...path: string[]): unknown {
  let found = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = found[name as keyof typeof found]
  }
  return found
}

/** The list that stands at the path; empty where there is none. */
export function readList(value: unknown, ...path: string[]): unknown[] {
  const found = read(value, ...path)
  return Array.isArray(found) ? found : []
}

/** Whether a field was left out or holds `unknown` or `not_asked`. */
export function isUnanswered(value: unknown): value is undefined | 'unknown' | 'not_asked' {
  return value === undefined || value === 'unknown' || value === 'not_asked'
}
