/** Where a page ended: the cursor of keyset pagination, opaque to whoever sends it back. */
import { Refusal } from '../errors.ts'
import { base64urlBytes, encodeBase64url, utf8 } from '../protocol/bytes.ts'

/** The last row of a page, in the order that all our lists have: by a time, then by id. */
export type Place = { readonly at: Date; readonly id: string }

/** The cursor of the page behind `place`. */
export function writeCursor({ at, id }: Place): string {
  return encodeBase64url(utf8(`${at.toISOString()} ${id}`))
}

/** Reads a cursor back. @throws Refusal `malformed-request` for one that no page gave */
export function readCursor(cursor: string): Place {
  const form =
    /^([12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
  const text = new TextDecoder().decode(base64urlBytes(cursor) ?? new Uint8Array())
  const [, time = '', id] = form.exec(text) ?? []
  const at = new Date(time)
  if (!id || Number.isNaN(at.getTime())) {
    throw new Refusal('malformed-request', 'cursor is not one that a page gave')
  }
  return { at, id }
}
