/**
 * Goal: who comes first of those that are equally likely is not of a referrer's choice.
 * Method: agreements of a table, in either order; the ids are against the order of receipt.
 */
import t from 'tap'
import { weigh } from '../../src/matching/evidence.ts'

const own = [
  { epoch: 1, type: 'REF' },
  { epoch: 1, type: 'N' },
]
const like = (referralId: string, at: number, type = 'REF') => {
  return { referralId, at, epoch: 1, type, agreeing: 1, uncrowded: 1 }
}

t.test(
  'of equal scores the one that was received first, and only then the lesser id',
  async (t) => {
    const rows = [like('a', 3), like('d', 2), like('c', 2), like('b', 1)]
    for (const given of [rows, rows.toReversed()]) {
      t.same(
        weigh(own, given).map(({ referralId }) => referralId),
        ['b', 'c', 'd', 'a'],
      )
    }
  },
)

t.test('a better score comes before whoever is older', async (t) => {
  const [first, second] = weigh(own, [like('old', 1), like('new', 2), like('new', 2, 'N')])
  t.equal(first?.referralId, 'new')
  t.equal(second?.referralId, 'old')
  t.ok((first?.odds.score ?? 0) > (second?.odds.score ?? 0))
})
