/**
 * Goal: that what the bench prints is what happened.
 * Method: small tables with outcomes counted by hand. What takes all of the committed data is in
 * test/system/matching.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { settle } from '../../bench/matching/cases.ts'
import { compare, keysOf, measure } from '../../bench/matching/measure.ts'
import { pairsOf } from '../../bench/matching/pairs.ts'
import { readRecords } from '../../bench/matching/records.ts'
import { fitLogistic } from '../../bench/matching/regression.ts'
import { withWeights } from '../../scripts/matching.ts'
import type { Verdict } from '../../src/matching/odds.ts'

const folder = t.testdir({})

function bench(text: string, ...flags: readonly string[]) {
  const file = join(folder, 'people.csv')
  writeFileSync(file, text)
  const args = ['bench/run.ts', 'matching', file, ...flags]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

const named = {
  ...{ truth: 'who', given: 'given', family: 'family', birth: 'birth' },
  ...{ reference: 'reference', phone: 'phone' },
}
const flags = Object.entries(named).flatMap(([flag, column]) => [`--${flag}`, column])

// 1: the same throughout. 2: nothing but the reference. 3: nothing. 4 and 5: two people.
const people = `who, given, family, birth, reference, phone
1, Amal, Haddad, 1990-03-14, X1, 07700900123
1, Amal, Haddad, 1990-03-14, X1, 07700900123
2, Besnik, Hoxha, 1985-07-21, X2,
2, Ilir, Krasniqi, 1961-12-30, X2,

3, Tekle, Girmay, 1977-05-19, X3, 07700900124
3, Senait, Mehari, 1999-10-02, X4, 07700900125
4, Quang, Nguyen, 1983-02-11, X5,
5, "Maria", "Silva, Lopes", 1970-08-25, , 07700900126
`

t.test('figures are those that can be counted by hand', async (t) => {
  const { status, stdout, stderr } = bench(people, ...flags, '--json')
  t.equal(stderr, '')
  t.equal(status, 0)
  const figures = JSON.parse(stdout)
  t.equal(stdout.trim().split('\n').length, 1, 'one object')
  // Three pairs of one person; two found, of which one joined; one question in eight records.
  t.match(figures, { precision: 1, recall: 2 / 3, automatic: { precision: 1, recall: 1 / 3 } })
  t.equal(figures.f1.toFixed(9), (4 / 5).toFixed(9))
  t.equal(figures.reviewPer1000, 125)
  // Two names and a date: N, P, two each of T_D, TP_D and TK_SD, PP_Y, KK_Y, P_MD, I_D, MH3_Y: 13.
  // Three: N, P, three each, three each of PP_Y and KK_Y, P_MD, I_D, MH3_Y: 20. And REF, PHONE.
  t.equal(figures.valuesPerRecord, (7 * 13 + 20 + 7 + 5) / 8)
})

t.test(
  'without --json the same figures stand in a table, with plain rules beside them',
  async (t) => {
    const { status, stdout } = bench(people, ...flags)
    t.equal(status, 0)
    t.match(stdout, /^8 records, 15\.4 values each$/m)
    t.match(stdout, /^found +1\.0000 +0\.6667 +0\.8000$/m)
    t.match(stdout, /^automatic +1\.0000 +0\.3333$/m)
    t.match(stdout, /^plain text: same name and birth date +1\.0000 +0\.3333$/m)
    t.match(stdout, /^125 questions/m)
  },
)

t.test('what cannot be read is said, with exit code 2', async (t) => {
  const missing = bench(people, '--truth', 'who', '--given', 'first')
  t.equal(missing.status, 2)
  t.match(missing.stderr, /--given first: there is no such column.*who, given, family/)
  t.equal(missing.stdout, '')
  t.match(bench(people).stderr, /usage: npm run bench matching/)
  t.match(bench(people, '--truth', 'who', '--age', 'x').stderr, /--age/)
  t.match(bench('who,given\n,Amal\n', '--truth', 'who').stderr, /row 2 has nothing in “who”/)
  t.match(bench('who\n1,2\n', '--truth', 'who').stderr, /row 2 has more cells than the header/)
  t.equal(bench('', '--truth', 'who').status, 2)
  const gone = spawnSync(process.execPath, ['bench/run.ts', 'matching', 'gone.csv', '--truth', 'x'])
  t.equal(gone.status, 2)
  t.match(String(gone.stderr), /gone\.csv/)
})

t.test('a table without pairs has nothing wrong and misses nothing', async (t) => {
  const { stdout } = bench('who,given\n1,Amal\n2,Ilir\n', '--truth', 'who', '--json')
  t.match(JSON.parse(stdout), { f1: 1, precision: 1, recall: 1, reviewPer1000: 0 })
})

t.test('columns are read as a client would have written them', async (t) => {
  const columns = { truth: 'id', year: 'y', month: 'm', day: 'd', reference: 'r' }
  const read = (...cells: readonly string[]) =>
    readRecords(`\uFEFFid, y, m, d, r\n${cells.join(', ')}\n`, columns)[0]
  t.match(read('rec-12-dup-3', '', '', '', ''), { truth: '12', person: {} })
  t.match(read('rec-12-org', '', '', '', ''), { truth: '12' })
  t.match(read('rec-x', '', '', '', ''), { truth: 'rec-x' })
  const born = (...cells: readonly string[]) => read('1', ...cells)?.person.dateOfBirth
  t.same(born('1990', '3', '4'), { date: '1990-03-04' })
  t.same(born('19900304', '', ''), { date: '1990-03-04' }, 'a whole date in one column')
  t.same(born('1990-03-04', '', ''), { date: '1990-03-04' })
  t.same(born('19901304', '', ''), { year: 1990 }, 'no thirteenth month')
  t.same(born('1990', '2', '30'), { year: 1990 }, 'no 30 February')
  t.same(born('1990', '', ''), { year: 1990 })
  t.equal(born('0990', '1', '1'), undefined)
  t.equal(born('', '1', '1'), undefined)
  const identifiers = (value: string) => read('1', '', '', '', value)?.person.identifiers
  t.same(identifiers('1234-5678-9012-3456'), [{ type: 'uan', value: '1234-5678-9012-3456' }])
  t.same(identifiers('A/12'), [{ type: 'port_reference', value: 'A/12' }])
})

t.test('a value that many share yields no more candidates than in the service', async (t) => {
  const shared = Array.from({ length: 60 }, () => [{ type: 'REF_port', value: 'x' }])
  const pairs = pairsOf(shared)
  const ofLast = pairs.filter(({ right }) => right === 59).map(({ left }) => left)
  t.same(
    ofLast,
    Array.from({ length: 50 }, (_, index) => index),
    'the oldest fifty',
  )
  t.same([...pairs[0]!.evidence.agreeing], [['REF_port', 1]])
})

const pair = (left: number, right: number, probability: number, isRuledOut = false) => {
  const odds = { probability, score: Math.log2(probability / (1 - probability)), bits: [] }
  const likely = probability >= 0.05 ? 'possible' : 'none'
  const verdict: Verdict = probability >= 0.96 && !isRuledOut ? 'match' : likely
  return { left, right, verdict, odds, sure: odds }
}

t.test('a record joins the best case that is beyond doubt, and asks about another', async (t) => {
  const { cases, questions } = settle(3, [pair(0, 2, 0.999), pair(1, 2, 0.9999)])
  t.same(cases, [[1, 2]])
  t.equal(questions, 1)
})

t.test(
  'it joins both where that was asked already, and then nobody is asked any more',
  async (t) => {
    const open = pair(0, 1, 0.5)
    const both = [pair(0, 2, 0.999), pair(1, 2, 0.9999)]
    t.same(settle(3, [open, ...both]), { cases: [[0, 1, 2]], questions: 1 })
    const after = [pair(0, 3, 0.5), pair(1, 3, 0.5)]
    t.same(settle(4, [open, ...both, ...after]).questions, 2, 'it is one case')
    const alone = [pair(0, 3, 0.6), pair(1, 3, 0.999), pair(0, 3, 0.98)]
    t.same(settle(4, alone).cases, [[1, 3]], 'a question of its own is none of theirs')
    const again = [...both, pair(0, 3, 0.999), pair(1, 3, 0.9999), pair(2, 3, 0.99999)]
    t.same(settle(4, again).cases, [[1, 2, 3]], 'nor is the same again an answer')
  },
)

t.test('records of one case are one question, and none about themselves', async (t) => {
  const two = [pair(0, 1, 0.999), pair(0, 2, 0.5), pair(1, 2, 0.6)]
  t.same(settle(3, two), { cases: [[0, 1]], questions: 1 })
  const within = [pair(0, 1, 0.999), pair(0, 2, 0.999), pair(1, 2, 0.6)]
  t.same(settle(3, within), { cases: [[0, 1, 2]], questions: 0 })
  const again = [pair(0, 1, 0.5), pair(0, 2, 0.9999), pair(1, 2, 0.5)]
  t.same(settle(3, again), { cases: [[0, 2]], questions: 1 }, 'the two cases were asked about')
  // What is asked about however likely, such as a reference alone.
  const asked = pair(0, 2, 0.9999, true)
  const joined = [asked, pair(1, 2, 0.999), pair(0, 3, 0.9999), pair(2, 3, 0.5)]
  const cases = [
    [0, 3],
    [1, 2],
  ]
  t.same(settle(4, joined), { cases, questions: 1 }, 'a question goes on with those who joined')
})

t.test('one record asks five questions at most, and none below 0.05', async (t) => {
  const many = Array.from({ length: 9 }, (_, left) => pair(left, 9, 0.5))
  t.equal(settle(10, many).questions, 5)
  t.equal(settle(2, [pair(0, 1, 0.049)]).questions, 0)
})

t.test('the regression finds what can be worked out by hand', async (t) => {
  // Odds 1:3 without the feature, 3:1 with it: the intercept is -ln 3, the weight 2 ln 3.
  const observations = [
    { features: [], matches: 1, others: 3 },
    { features: [0], matches: 3, others: 1 },
  ]
  const none = Number.POSITIVE_INFINITY
  const free = fitLogistic(observations, [none], 1e-9)
  t.equal(free.intercept.toFixed(6), (-Math.log(3)).toFixed(6))
  t.equal(free.weights[0]?.toFixed(6), (2 * Math.log(3)).toFixed(6))
  t.same(fitLogistic(observations, [0.5], 1e-9).weights, [0.5], 'no more than its bound')
  const turned = observations.map((it) => ({ ...it, matches: it.others, others: it.matches }))
  const bounded = fitLogistic(turned, [none], 1e-9)
  t.same(bounded.weights, [0], 'nor less than 0')
  t.equal(bounded.intercept.toFixed(6), '0.000000', 'and then both count together: 4 to 4')
})

t.test('the document shows the weights in use', async (t) => {
  const matching = readFileSync('docs/MATCHING.md', 'utf8')
  t.equal(matching, withWeights(matching), 'or run: npx node scripts/matching.ts')
})

t.test('a telephone that everybody gives joins nobody', async (t) => {
  const office = (truth: string, givenNames: string, familyName: string) => {
    return { truth, person: { givenNames, familyName, phones: ['07700 900123'] } }
  }
  const crowd = Array.from({ length: 50 }, (_, at) =>
    office(`${at}`, `Given${'a'.repeat(at)}`, 'B'),
  )
  const two = [office('x', 'Ali', 'Hassan'), office('y', 'Ali', 'Hassan')]
  t.equal(measure(compare(keysOf(two))).automatic.precision, 0, 'while hardly anybody does')
  const figures = measure(compare(keysOf([...crowd, ...two])))
  t.match(figures.automatic, { precision: 1 })
  t.ok(figures.reviewPer1000 > 0, 'a person is asked')
})
