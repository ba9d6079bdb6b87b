/** Pages of a list: each is read with its next row, and ends in a cursor that is opaque to the caller. */
import { Refusal } from '../errors.ts'
import { base64urlBytes, encodeBase64url, utf8 } from '../protocol/bytes.ts'
import { pageRows } from '../protocol/page.ts'

/** A row's place in the order that all our lists have: by turn, where there are turns, by time, by id. */
export type Place = {
  readonly turn?: number
  /** RFC 3339 in UTC with milliseconds. */
  readonly at: string
  readonly id: string
}

/** What a caller asks of a list. */
export type PageQuery = { readonly cursor?: string; readonly limit?: number }

/**
 * One page of a list.
 *
 * @param select - reads at most `count` rows behind `after`, in the order of their places
 * @returns at most `limit` rows, and the cursor of the next page if there is one
 * @throws Refusal `malformed-request` for a cursor that no page gave
 */
export async function page<Row>(
  { cursor, limit = pageRows }: PageQuery,
  select: (after: Place | undefined, count: number) => Promise<readonly Row[]>,
  placeOf: (row: Row) => Place,
): Promise<{ rows: Row[]; next?: string }> {
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const found = await select(after, limit + 1)
  const rows = found.slice(0, limit)
  const last = found.length > limit ? rows.at(-1) : undefined
  return { rows, ...(last && { next: writeCursor(placeOf(last)) }) }
}

/** The cursor of the page behind `place`. */
export function writeCursor({ turn, at, id }: Place): string {
  return encodeBase64url(utf8([...(turn === undefined ? [] : [turn]), at, id].join(' ')))
}

const form =
  /^(?:(\d{1,9}) )?([12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Reads a cursor back. @throws Refusal `malformed-request` for one that no page gave */
export function readCursor(cursor: string): Place {
  const text = new TextDecoder().decode(base64urlBytes(cursor) ?? new Uint8Array())
  const [, turn, at = '', id] = form.exec(text) ?? []
  // The 30th of February has the form of a day, and PostgreSQL would fail on it.
  if (!id || Number.isNaN(Date.parse(at)) || new Date(at).toISOString() !== at) {
    throw new Refusal('malformed-request', 'cursor is not one that a page gave')
  }
  return { ...(turn !== undefined && { turn: Number(turn) }), at, id }
}
