/** Goal: what is uploaded for a referral, and by a client in a day, is as much as was said and not one byte more. */
import t from 'tap'
import { type DocumentLimits, limitsOf, ofBearer, requireRoom } from '../../src/documents/limits.ts'
import { sealedBytesOf } from '../../src/protocol/documents/format.ts'
import { codeOf } from '../protocol/world.ts'

const megabyte = 1024 * 1024
const none = { count: 0, bytes: 0, bytesOfClient: 0 }

t.test('a referral has so many documents of so many bytes, and a client so many in a day', (t) => {
  const limits = limitsOf(100, 1_000)
  const largest = sealedBytesOf(100 * megabyte)
  t.same([limits.bytesMax, limits.referralBytesMax], [largest, 5 * largest])
  const roomFor = (used: Partial<typeof none>, bytes: number, within: DocumentLimits = limits) =>
    codeOf(() => requireRoom({ ...none, ...used }, bytes, within))
  t.equal(roomFor({ count: 99 }, 1), undefined)
  t.equal(roomFor({ count: 100 }, 1), 'documents-full')
  t.equal(roomFor({ bytes: 4 * largest }, largest), undefined)
  t.equal(roomFor({ bytes: 4 * largest }, largest + 1), 'documents-full')
  t.equal(roomFor({ bytesOfClient: 999 * megabyte }, megabyte), undefined)
  t.equal(roomFor({ bytesOfClient: 999 * megabyte }, megabyte + 1), 'document-budget-spent')
  const bearer = ofBearer(limits)
  t.equal(roomFor({ bytes: 49 * megabyte }, megabyte, bearer), undefined)
  t.equal(roomFor({ bytes: 49 * megabyte }, megabyte + 1, bearer), 'documents-full')
  t.same(ofBearer(limitsOf(1, 1)), limitsOf(1, 1), 'where a deployment takes less, as little')
  t.end()
})
