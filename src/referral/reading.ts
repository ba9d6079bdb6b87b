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

/** A value, and the JSON pointer at which it stands. */
export interface Found {
  pointer: string
  value: unknown
}

/** The values at a path from the root; a step that is a star stands for each item of a list. */
export function valuesAt(value: unknown, path: string): Found[] {
  return path
    .split('/')
    .slice(1)
    .reduce<Found[]>(
      (found, step) => found.flatMap((one) => inside(one, step)),
      [{ pointer: '', value }],
    )
}

function inside({ pointer, value }: Found, step: string): Found[] {
  if (step === '*') {
    return readList(value).map((item, index) => ({ pointer: `${pointer}/${index}`, value: item }))
  }
  const found = read(value, step)
  return found === undefined ? [] : [{ pointer: `${pointer}/${step}`, value: found }]
}
