/**
 * Goal: who comes first of those that are equally likely is not of a referrer's choice.
 * Method: agreements of a table, in either order; the ids are against the order of receipt.
 */
import t from 'tap'
import { weigh } from '../../src/matching/evidence.ts'

const own = [
  { epoch: 1, type: 'REF_uan' },
  { epoch: 1, type: 'N' },
]
const like = (referralId: string, at: number, type = 'REF_uan') => {
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

t.test('who may join comes before whom more agrees with, by what no crowd shares', async (t) => {
  const types = ['REF_uan', 'PHONE', 'P', 'T_D', 'TP_D', 'KK_Y', 'I_D']
  const held = types.map((type) => ({ epoch: 1, type }))
  const rows = (referralId: string, agreeing: readonly string[], crowded: readonly string[] = []) =>
    types.map((type) => ({
      ...{ referralId, at: 1, epoch: 1, type },
      agreeing: Number(agreeing.includes(type)),
      uncrowded: Number(agreeing.includes(type) && !crowded.includes(type)),
    }))
  const name = ['P', 'T_D', 'TP_D', 'KK_Y']
  const found = weigh(held, [
    ...rows('asked', ['REF_uan', 'PHONE']),
    ...rows('crowd', [...name, 'PHONE'], ['PHONE']),
    ...rows('sure', [...name, 'I_D']),
  ])
  t.same(
    found.map(({ referralId, verdict }) => [referralId, verdict]),
    [
      ['sure', 'match'],
      ['crowd', 'match'],
      ['asked', 'possible'],
    ],
  )
  const [sure, crowd, asked] = found
  t.ok(crowd!.odds.score > sure!.odds.score && asked!.odds.score > crowd!.odds.score)
  t.ok(crowd!.sure.score < crowd!.odds.score)
})
