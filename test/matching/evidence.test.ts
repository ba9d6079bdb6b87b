/**
 * Goal: who comes first of those that are equally likely is not of a referrer's choice.
 * Method: agreements of a table, in either order; the ids are against the order of receipt.
 */
import t from 'tap'
import { chooseSharers, sameValues, weigh } from '../../src/matching/evidence.ts'
import { candidatesPerValueMax } from '../../src/matching/odds.ts'
import { matchKeys } from '../../src/protocol/matching/matchkeys.ts'

const own = [
  { epoch: 1, type: 'REF_uan' },
  { epoch: 1, type: 'N' },
]
const like = (referralId: string, at: number, type = 'REF_uan') => {
  return { referralId, at, epoch: 1, type, held: 1, agreeing: 1, uncrowded: 1, uncommon: 0 }
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

t.test(
  'who may be merged comes before whom more agrees with, by what no crowd shares',
  async (t) => {
    const types = ['REF_uan', 'PHONE', 'P', 'T_D', 'TP_D', 'KK_Y', 'I_D']
    const held = types.map((type) => ({ epoch: 1, type }))
    const rows = (
      referralId: string,
      agreeing: readonly string[],
      crowded: readonly string[] = [],
    ) =>
      types.map((type) => ({
        ...{ referralId, at: 1, epoch: 1, type, held: 1, uncommon: 0 },
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
  },
)

t.test('of whom a value is, how many share it tells: a crowd, or hardly anybody', async (t) => {
  const sharing = (number: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({ referralId: `${number} ${at}`, number }))
  const rows = [sharing(1, 3), sharing(2, 4), sharing(3, 50), sharing(4, 51)].flat()
  t.match(chooseSharers(rows), { crowded: [4], uncommon: [1] })
})

t.test('of a crowd those are compared that share most, though they are the youngest', async (t) => {
  const crowd = Array.from({ length: 60 }, (_, at) => ({ referralId: `of crowd ${at}`, number: 1 }))
  const likely = [1, 2, 3].map((number) => ({ referralId: 'likely', number }))
  const also = [1, 2].map((number) => ({ referralId: 'also', number }))
  const { ids } = chooseSharers([...crowd, ...also, ...likely])
  t.equal(ids.length, candidatesPerValueMax, 'each once')
  t.same(ids.slice(0, 3), ['likely', 'also', 'of crowd 0'], 'and then the oldest')
})

t.test(
  'two given 1 January are merged by a name of hardly anybody, and by no frequent one',
  async (t) => {
    const keys = matchKeys({
      ...{ givenNames: 'Rebwar', familyName: 'Ahmed', dateOfBirth: { date: '1990-01-01' } },
    })
    const held = [...new Set(keys.map(({ type }) => type))].map((type) => {
      return { type, held: keys.filter((key) => key.type === type).length }
    })
    const found = (isUncommon: boolean) => {
      const rows = held.map(({ type, held }) => {
        const uncommon = isUncommon || type !== 'P' ? held : 0
        return { ...like('a', 1, type), held, agreeing: held, uncrowded: held, uncommon }
      })
      return weigh(
        keys.map(({ type }) => ({ epoch: 1, type })),
        rows,
      )[0]?.verdict
    }
    t.equal(found(true), 'match')
    t.equal(found(false), 'possible')
  },
)

t.test('the parts of a name are counted on both sides, equal or not', async (t) => {
  const counts = { N: 1, P: 1, T_D: 3, TP_D: 3, P_MD: 1, I_D: 1 }
  const found = (ours: number, theirs: number) => {
    const own = Object.entries({ ...counts, T_D: ours }).flatMap(([type, count]) =>
      Array.from({ length: count }, () => ({ epoch: 1, type })),
    )
    const rows = Object.entries({ ...counts, T_D: theirs }).map(([type, held]) => {
      const agreeing = Number(['N', 'P', 'P_MD'].includes(type))
      return { ...like('a', 1, type), held, agreeing, uncrowded: agreeing }
    })
    return weigh(own, rows)[0]?.verdict
  }
  t.equal(found(3, 3), 'match', 'the day and month of a long name')
  t.equal(found(2, 3), 'possible')
  t.equal(found(3, 2), 'possible')
})

t.test('values are the same in any order, each of its type', async (t) => {
  const value = (type: string, ...bytes: number[]) => ({ type, value: Uint8Array.from(bytes) })
  const [name, date] = [value('N', 1), value('T_D', 2)]
  t.equal(sameValues([name, date], [date, name]), true)
  t.equal(sameValues([], []), true)
  t.equal(sameValues([name, date], [name]), false)
  t.equal(sameValues([name, date], [name, value('T_D', 3)]), false)
  t.equal(sameValues([name, date], [value('T_D', 1), value('N', 2)]), false)
})

t.test('of two epochs the one that speaks most counts, whichever comes first', async (t) => {
  const of = (epoch: number, agreeing: number) => {
    return { ...like('a', 1), epoch, agreeing, uncrowded: agreeing }
  }
  const both = [1, 2].flatMap((epoch) => own.map(({ type }) => ({ epoch, type })))
  const [alone] = weigh(own, [of(1, 1)])
  t.match(alone, { verdict: 'possible', odds: { bits: [{ type: 'REF_uan' }, {}] } })
  for (const [first, second] of [
    [1, 2],
    [2, 1],
  ] as const) {
    for (const rows of [
      [of(first, 1), of(second, 0)],
      [of(second, 0), of(first, 1)],
    ]) {
      t.same(weigh(both, rows), [alone])
    }
  }
})

t.test('values of an epoch that is not compared say nothing', async (t) => {
  const values = own.map(({ type }) => ({ epoch: 2, type }))
  t.same(weigh(values, [like('a', 1)]), [])
})
