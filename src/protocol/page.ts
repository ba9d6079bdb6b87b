/** How many rows a page of a list has. Where the next one begins is a `Cursor`. */
import * as Type from 'typebox'

/** How many rows a page has if its caller does not say. */
export const pageRows = 50

/** How many rows a page may have. */
export function PageLimit(max: number) {
  return Type.Integer({ minimum: 1, maximum: max, default: pageRows })
}
