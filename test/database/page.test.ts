import t from 'tap'
import { page, readCursor, writeCursor } from '../../src/database/page.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'

const id = '01a20000-0000-7000-8000-000000000000'

t.test('a cursor reads back as the place that it was written for', async (t) => {
  const place = { at: '2026-11-22T09:30:00.123Z', id }
  t.same(readCursor(writeCursor(place)), place)
  t.same(readCursor(writeCursor({ turn: 12, ...place })), { turn: 12, ...place })
})

t.test('what no page gave is refused, and never reaches the database', async (t) => {
  const texts = [
    '',
    `2026-11-22T09:30:00.123Z`,
    `2026-99-99T99:99:99.999Z ${id}`,
    `2026-02-30T09:30:00.123Z ${id}`,
    `0000-01-01T00:00:00.000Z ${id}`,
    `2026-11-22T09:30:00.123Z ${'-'.repeat(36)}`,
    `2026-11-22T09:30:00.123Z ${id} `,
    `-1 2026-11-22T09:30:00.123Z ${id}`,
    `1234567890 2026-11-22T09:30:00.123Z ${id}`,
  ]
  for (const text of texts) {
    const cursor = encodeBase64url(utf8(text))
    t.throws(() => readCursor(cursor), { code: 'malformed-request' }, text)
  }
  t.throws(() => readCursor('é='), { code: 'malformed-request' })
})

t.test('pages hold every row once, and the last one has no cursor', async (t) => {
  const places = Array.from({ length: 5 }, (_, number) => ({
    at: `2026-11-22T09:30:00.00${Math.floor(number / 2)}Z`,
    id: id.slice(0, -1) + number,
  }))
  const keyOf = (place: { at: string; id: string }) => `${place.at} ${place.id}`
  const select = async (after: { at: string; id: string } | undefined, count: number) =>
    places.filter((place) => !after || keyOf(place) > keyOf(after)).slice(0, count)
  for (const limit of [1, 2, 4, 5, 6]) {
    const seen: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const { rows, next } = await page(
        { limit, ...(cursor !== undefined && { cursor }) },
        select,
        (place) => place,
      )
      t.ok(rows.length <= limit)
      seen.push(...rows.map(keyOf))
      cursor = next
      pages += 1
    } while (cursor !== undefined)
    t.same(seen, places.map(keyOf), `${limit} a page`)
    t.equal(pages, Math.ceil(places.length / limit), 'no empty page at the end')
  }
})
