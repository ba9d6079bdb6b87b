import t from 'tap'
import { readCursor, writeCursor } from '../../src/database/cursor.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'

const id = '01a20000-0000-7000-8000-000000000000'

t.test('a cursor reads back as the place that it was written for', async (t) => {
  const place = { at: new Date('2026-11-22T09:30:00.123Z'), id }
  t.same(readCursor(writeCursor(place)), place)
})

t.test('what no page gave is refused, and never reaches the database', async (t) => {
  const texts = [
    '',
    `2026-11-22T09:30:00.123Z`,
    `2026-99-99T99:99:99.999Z ${id}`,
    `0000-01-01T00:00:00.000Z ${id}`,
    `2026-11-22T09:30:00.123Z ${'-'.repeat(36)}`,
    `2026-11-22T09:30:00.123Z ${id} `,
  ]
  for (const text of texts) {
    const cursor = encodeBase64url(utf8(text))
    t.throws(() => readCursor(cursor), { code: 'malformed-request' }, text)
  }
  t.throws(() => readCursor('é='), { code: 'malformed-request' })
})
