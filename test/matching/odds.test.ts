import fc from 'fast-check'
import t from 'tap'
import { type Evidence, oddsOf, verdictOf, wordsOf } from '../../src/matching/odds.ts'
import { type Weights, weights } from '../../src/matching/weights.ts'
import { matchKeyTypes } from '../../src/protocol/matchkeys.ts'

const types = [...matchKeyTypes]

/** How one type stands: missing on either side or both, different, or so many values equal. */
type Standing = 'neither' | 'left' | 'right' | 'differs' | 1 | 2 | 3

const standing = fc.constantFrom<Standing>('neither', 'left', 'right', 'differs', 1, 2, 3)
const standings = fc.tuple(...types.map(() => standing))

function evidenceOf(all: readonly Standing[]): Evidence {
  const having = (wanted: (standing: Standing) => boolean) =>
    new Set(types.filter((_, index) => wanted(all[index]!)))
  return {
    agreeing: new Map(
      types.flatMap((type, index) => {
        const found = all[index]
        return typeof found === 'number' ? [[type, found] as const] : []
      }),
    ),
    left: having((found) => found !== 'neither' && found !== 'right'),
    right: having((found) => found !== 'neither' && found !== 'left'),
  }
}

/** Nothing but these agrees, and there is nothing else to compare: the most that they can be worth. */
function onlyAgreeing(...agreeing: readonly string[]): Evidence {
  const present = new Set(agreeing)
  return { agreeing: new Map(agreeing.map((type) => [type, 1])), left: present, right: present }
}

const verdict = (evidence: Evidence) => verdictOf(evidence, oddsOf(evidence))

t.test('one agreement more never makes a pair less likely', async () => {
  fc.assert(
    fc.property(standings, fc.nat(types.length - 1), (all, index) => {
      const before = oddsOf(evidenceOf(all)).probability
      const agreed = all.map((found, at) => {
        if (at !== index) return found
        return typeof found === 'number' ? 3 : 1
      })
      return oddsOf(evidenceOf(agreed)).probability >= before
    }),
  )
})

t.test('which side is which makes no difference', async () => {
  fc.assert(
    fc.property(standings, (all) => {
      const evidence = evidenceOf(all)
      const turned = { ...evidence, left: evidence.right, right: evidence.left }
      return (
        oddsOf(turned).score === oddsOf(evidence).score && verdict(turned) === verdict(evidence)
      )
    }),
  )
})

t.test('the bits account for the whole score, and the score for the probability', async () => {
  fc.assert(
    fc.property(standings, (all) => {
      const { score, probability, bits } = oddsOf(evidenceOf(all))
      const sum = bits.reduce((total, { bits }) => total + bits, weights.intercept)
      const whole = probability * (1 + 2 ** -score)
      return Math.abs(sum - score) < 1e-9 && Math.abs(whole - 1) < 1e-9
    }),
  )
})

t.test('a score is a sum that can be done by hand', async (t) => {
  const table: Weights = {
    intercept: -10,
    tokens: 0.25,
    types: {
      REF: { agrees: 8, missing: 1 },
      T_D: { agrees: 3, missing: 0.5 },
      N: { agrees: 2, missing: 0 },
    },
  }
  const evidence: Evidence = {
    agreeing: new Map([
      ['T_D', 2],
      ['of a newer recipe', 1],
    ]),
    left: new Set(['REF', 'T_D', 'N']),
    right: new Set(['T_D', 'N']),
  }
  const odds = oddsOf(evidence, table)
  t.equal(odds.score, -10 + 1 + 3 + 0.25, 'a missing reference, the date with two tokens')
  t.same(odds.bits, [
    { type: 'REF', because: 'missing', bits: 1 },
    { type: 'T_D', because: 'agrees', bits: 3 },
    { type: 'TOKENS', because: 'tokens', bits: 0.25 },
  ])
  t.equal(odds.probability.toFixed(6), '0.018242', '1 / (1 + 2^5.75)')
})

t.test('the thresholds are at 0.97 and at 0.05, and belong to what is above', async (t) => {
  const evidence = onlyAgreeing('N', 'T_D')
  const at = (probability: number) => verdictOf(evidence, { probability, score: 0, bits: [] })
  t.equal(at(0.97), 'match')
  t.equal(at(0.969999), 'possible')
  t.equal(at(0.05), 'possible')
  t.equal(at(0.049999), 'none')
})

/** What the rule says beside a score that is as high as can be. */
const ruled = (evidence: Evidence) => verdictOf(evidence, { probability: 1, score: 99, bits: [] })

t.test('a reference or a telephone, or both, are never more than possible', async (t) => {
  for (const alone of [['REF'], ['PHONE'], ['REF', 'PHONE']]) {
    t.equal(ruled(onlyAgreeing(...alone)), 'possible', alone.join())
  }
})

t.test('one part of the name with the birth date is not enough: twins have both', async (t) => {
  const twins = ['T_D', 'TP_D', 'TK_SD', 'I_D']
  t.ok(oddsOf(onlyAgreeing(...twins)).probability > 0.97, 'however likely the score calls it')
  t.equal(verdict(onlyAgreeing(...twins)), 'possible')
  t.equal(verdict(onlyAgreeing(...twins, 'PHONE')), 'match')
  t.equal(verdict(onlyAgreeing(...twins, 'REF')), 'match')
  const two = new Map(twins.map((type) => [type, 2]))
  t.equal(verdict({ ...onlyAgreeing(...twins), agreeing: two }), 'match')
})

t.test('a whole name is not enough, nor with one year: it may be a frequent one', async (t) => {
  const name = ['N', 'P', 'PP_Y', 'KK_Y', 'MH3_Y']
  t.equal(ruled(onlyAgreeing(...name)), 'possible')
  for (const third of ['REF', 'PHONE', 'T_D', 'T_D01', 'P_MD']) {
    t.equal(ruled(onlyAgreeing(...name, third)), 'match', third)
  }
})

t.test(
  '1 January is no fact beside one part of the name: whole families are given it',
  async (t) => {
    for (const shared of ['REF', 'PHONE']) {
      t.equal(
        ruled(onlyAgreeing(shared, 'T_D01', 'TP_D01', 'TK_SD01', 'I_D01')),
        'possible',
        shared,
      )
    }
  },
)

t.test('a telephone that many give is no fact; a reference that many give stays one', async (t) => {
  const crowded = (...agreeing: readonly string[]) => {
    return ruled({ ...onlyAgreeing(...agreeing), crowded: new Set(['PHONE', 'REF']) })
  }
  t.equal(crowded('N', 'P', 'PHONE'), 'possible')
  t.equal(crowded('T_D', 'PHONE'), 'possible')
  t.equal(crowded('N', 'P', 'T_D', 'PHONE'), 'match', 'where three others agree')
  t.equal(crowded('N', 'P', 'REF'), 'match')
})

t.test(
  'whatever joins bears three facts that stand for themselves, one of them a name',
  async (t) => {
    const parts = /^(N|P|PP_Y|KK_Y|P_MD|MH3_Y)$/
    const birth = /^(P_MD|(T_D|TP_D|TK_SD|I_D)(01)?)$/
    let matches = 0
    // Every set of types. One value of each agrees, so that no type stands for two parts by its number.
    for (let set = 0; set < 2 ** types.length; set += 1) {
      const agreeing = types.filter((_, index) => (set >> index) & 1)
      if (verdict(onlyAgreeing(...agreeing)) !== 'match') continue
      matches += 1
      const has = (wanted: RegExp) => agreeing.some((type) => wanted.test(type))
      const names = has(parts) ? 2 : has(birth) ? 1 : 0
      const others = [has(birth), has(/^REF$/), has(/^PHONE$/)].filter(Boolean).length
      if (names === 0 || names + others < 3) t.fail(agreeing.join())
    }
    t.ok(matches > 1000, 'and much does join')
  },
)

t.test(
  'the table weighs every type, agreeing no less than missing, and neither below 0',
  async (t) => {
    t.same(Object.keys(weights.types), types)
    for (const [type, { agrees, missing }] of Object.entries(weights.types)) {
      t.ok(agrees >= missing && missing >= 0, type)
    }
    t.ok(weights.tokens >= 0)
    t.ok(weights.intercept < 0, 'that two share some value does not make them one')
  },
)

t.test('people read words for every observation, and none twice', async (t) => {
  const because = ['agrees', 'missing'] as const
  const said = types.flatMap((type) => because.map((it) => wordsOf({ type, because: it, bits: 1 })))
  const all = [...said, wordsOf({ type: 'TOKENS', because: 'tokens', bits: 1 })]
  t.equal(new Set(all).size, all.length)
  for (const words of all) t.notMatch(words, /_|[A-Z]{2}|undefined/)
})
