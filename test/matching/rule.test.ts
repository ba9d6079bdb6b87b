// Goal: what merges without a person, what speaks against it, and what asks nobody, type by type.
// Method: a second implementation, which knows types by the form of their names; drawn evidence in
// which little agrees, so that each type decides now and then.
import fc from 'fast-check'
import t from 'tap'
import { type Evidence, judge, tokensAgree } from '../../src/matching/odds.ts'
import { counts, isComparable, partsOf, rowOf, typesOf } from '../../src/matching/rows.ts'
import { isChance, isContradicted, mayMerge } from '../../src/matching/rule.ts'
import { weights } from '../../src/matching/weights.ts'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'

const few = (maxLength: number) => fc.subarray([...matchKeyTypes], { maxLength })
/** Types of one date, so that what belongs together is drawn together. */
const first = ['T_D01', 'TP_D01', 'TK_SD01', 'I_D01']
const drawn: fc.Arbitrary<Evidence> = fc
  .record({
    agreeing: fc.oneof(
      few(6),
      fc.subarray(['N', 'P', 'PHONE', 'P_MD', 'MH3_Y', 'KK_Y', 'PP_Y', ...first]),
      fc.subarray(['REF_file', 'REF_file0', 'FILE', 'REF_uan', 'T_D', 'N', 'T_D01']),
      fc.subarray(['N', 'N1', 'P', 'P1', 'MH3_Y', 'KK_Y'], { maxLength: 3 }),
      fc.subarray(['MH3_Y', 'I_D', 'I_D01', 'T_D', 'REF_uan']),
    ),
    counted: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 30, maxLength: 30 }),
    left: few(4),
    right: few(4),
    both: few(3),
    parts: fc.nat(4),
    uncommon: fc.boolean(),
  })
  .map(({ agreeing: types, counted, left, right, both, parts, uncommon }) => {
    const agreeing = new Map(types.map((type, at) => [type, counted[at]!] as const))
    const isUncommon = uncommon && agreeing.has('P')
    return {
      ...{ agreeing, uncrowded: agreeing, parts, uncommon: new Set(isUncommon ? ['P'] : []) },
      left: new Set([...types, ...both, ...left]),
      right: new Set([...types, ...both, ...right]),
    }
  })

const isReference = (type: string) => type.startsWith('REF_')
const hasBirth = (type: string) => /^[A-Z0-9]+_(S?D|Y|MD)(01)?$/.test(type)
const hasYear = (type: string) => /^[A-Z0-9]+_(D|D01|Y)$/.test(type)
const isFirst = (type: string) => type.endsWith('01')

/** What the decisions 7 and 15 say, and the contradictions of docs/MATCHING.md. */
function second({ agreeing, left, right, parts, uncommon }: Evidence) {
  const equal = [...agreeing.keys()]
  const is = (...types: string[]) => equal.some((type) => types.includes(type))
  const times = (type: string) => agreeing.get(type) ?? 0
  const areDated = [...left].some(hasBirth) && [...right].some(hasBirth)
  const areGiven = [...left].some((type) => isFirst(type) && right.has(type))
  const isGiven = [...left, ...right].some(isFirst)

  const alike = is('KK_Y') || times('TK_SD') > 1 || times('TK_SD01') > 1
  const spelt = is('MH3_Y') && left.has('P') && right.has('P')
  const sounds = is('N', 'P', 'PP_Y') || times('TP_D') > 1 || times('TP_D01') > 1
  const several = sounds || ((alike || spelt) && is('I_D', 'I_D01'))
  const name = several || is('T_D', 'TP_D', 'TK_SD', 'N1', 'P1')
  const whole = is('N') || (is('P') && is('MH3_Y') && is('I_D01'))
  const date =
    is('T_D', 'TP_D', 'I_D') ||
    (is('TK_SD') && equal.some(hasYear)) ||
    (is('P_MD') && !areGiven && parts > 2) ||
    (isGiven && times('PP_Y') > 2) ||
    (times('TP_D01') > 1 && whole && uncommon.has('P'))
  const birthday = is('P_MD') && is('N') && !areGiven
  const telephone =
    is('PHONE', 'FILE') &&
    (!areDated || equal.some(hasYear) || birthday) &&
    (!areGiven || is('N') || times('T_D01') > 1)
  const facts = [name, several, date, equal.some(isReference), telephone]

  const born = equal.some((type) => hasBirth(type) && (type !== 'P_MD' || !areGiven))
  const unlike = [...left].filter((type) => isReference(type) && right.has(type) && !is(type))
  const contradicts =
    (areDated && !born) ||
    (unlike.length > 0 && equal.some(isFirst)) ||
    (unlike.includes('REF_file') && is('FILE'))
  const names = equal.every((type) => /^[NP]1?$/.test(type))
  const chance = areDated && (names || equal.every((type) => /^(KK|MH3)_Y$/.test(type)))
  return { merges: name && facts.filter(Boolean).length > 2, contradicts, chance }
}

const same = (found: unknown, expected: unknown) =>
  JSON.stringify(found) === JSON.stringify(expected)

t.test('a second reading of the rules merges, contradicts and asks nobody alike', async (t) => {
  const seen = { merges: 0, contradicts: 0, chance: 0 }
  fc.assert(
    fc.property(drawn, (evidence) => {
      const expected = second(evidence)
      for (const rule of ['merges', 'contradicts', 'chance'] as const)
        seen[rule] += Number(expected[rule])
      const [merges, contradicts] = [mayMerge(evidence), isContradicted(evidence)]
      return same({ merges, contradicts, chance: isChance(evidence) }, expected)
    }),
    { numRuns: 20_000 },
  )
  for (const [rule, count] of Object.entries(seen)) t.ok(count > 500, `${rule}: ${count}`)
})

t.test('what is likely is done as the rules say, by what no crowd shares', async () => {
  const likely = { ...weights, intercept: 40 }
  const crowded = fc.tuple(drawn, few(4)).map(([evidence, types]): Evidence => {
    const uncrowded = new Map([...evidence.agreeing].filter(([type]) => !types.includes(type)))
    // A crowd may share one of two equal values.
    const [type] =
      [...evidence.agreeing].find(([it, count]) => count > 1 && types.includes(it)) ?? []
    return { ...evidence, uncrowded: type ? uncrowded.set(type, 1) : uncrowded }
  })
  fc.assert(
    fc.property(crowded, (evidence) => {
      const [all, alone] = [second(evidence), second({ ...evidence, agreeing: evidence.uncrowded })]
      const isSure = alone.merges && !alone.contradicts && !all.contradicts
      const expected = all.chance ? 'none' : isSure ? 'match' : 'possible'
      return same(judge(evidence, likely).verdict, expected)
    }),
    { numRuns: 5_000 },
  )
})

t.test('no rule asks about whom nothing makes likely', async () => {
  const unlikely = { ...weights, intercept: -200 }
  fc.assert(
    fc.property(drawn, (evidence) => judge(evidence, unlikely).verdict === 'none'),
    { numRuns: 2_000 },
  )
})

t.test('two parts of a name agree where two values of one type do', async (t) => {
  const each = ['T_D', 'T_D01', 'TP_D', 'TP_D01', 'TK_SD', 'TK_SD01']
  for (const type of matchKeyTypes) {
    t.equal(tokensAgree(new Map([[type, 2]])), each.includes(type), type)
    t.equal(tokensAgree(new Map([[type, 1]])), false, type)
  }
})

t.test('each type has one row, and references are compared kind by kind', async (t) => {
  for (const type of matchKeyTypes) t.ok(typesOf(rowOf(type)).includes(type), type)
  t.same(
    matchKeyTypes.filter((type) => rowOf(type) !== type),
    [...matchKeyTypes.filter(isReference), 'N1', 'P1'],
  )
  const sides = (left: string, right: string) => ({
    left: new Set([left]),
    right: new Set([right]),
  })
  t.equal(isComparable('REF', sides('REF_uan', 'REF_uan')), true)
  t.equal(isComparable('REF', sides('REF_uan', 'REF_gwf')), false)
  t.equal(isComparable('N', sides('N', 'N1')), true)
  t.equal(isComparable('N', sides('N', 'P')), false)
  const equal = (...types: readonly string[]) => new Map(types.map((type) => [type, 1]))
  t.equal(counts('FILE', equal('FILE', 'N')), true)
  t.equal(counts('FILE', equal('FILE', 'REF_file0')), false, 'it says nothing beside a number')
  t.equal(counts('PHONE', equal('PHONE', 'REF_uan')), true)
  t.equal(counts('PHONE', equal('N')), false)
})

t.test('how many parts a name has is told by its values, rounded down', async (t) => {
  const rows: [held: Record<string, number>, parts: number][] = [
    [{ T_D: 3, I_D: 1, P_MD: 1 }, 3],
    [{ T_D: 6, I_D: 2, P_MD: 2 }, 3],
    [{ T_D: 5, I_D: 2, P_MD: 2 }, 2],
    [{ T_D: 3, T_D01: 3, I_D: 1, I_D01: 1, P_MD: 2 }, 3],
    [{ T_D01: 2, I_D01: 1, P_MD: 1 }, 2],
    [{ T_D: 4, I_D: 1, P_MD: 2 }, 2],
    [{ T_D: 4, I_D: 2, P_MD: 1 }, 2],
    [{ T_D: 3, P_MD: 1 }, 0],
    [{ I_D: 1 }, 0],
    [{}, 0],
  ]
  for (const [held, parts] of rows) {
    t.equal(partsOf(new Map(Object.entries(held))), parts, JSON.stringify(held))
  }
})
