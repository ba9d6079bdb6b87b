/**
 * How right the weights are on people they were not fitted on, as tables: for the terminal, and for
 * docs/MATCHING.md, which `scripts/matching.ts` writes.
 */
import { type Judged, matchProbability, possibleProbability } from '../../src/matching/odds.ts'
import type { Rule } from '../../src/matching/rule.ts'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { harshRates, inventDetention, sharedRates, usualRates } from './detention.ts'
import {
  type Compared,
  compare,
  type Figures,
  forEvidence,
  isMatch,
  judgeBy,
  type Keyed,
  keysOf,
  measure,
  ratesFrom,
} from './measure.ts'
import type { Pair } from './pairs.ts'
import { fit, foldCount, foldOf, lessonsOf, readSources, type Source } from './sets.ts'
import { byTradition } from './traditions.ts'

export type Section = {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Types that whoever counts equal values could guess at, and a deployment may leave out. */
export const guessableTypes = ['N', 'P', 'I_D', 'I_D01']

const inventedPeople = 4000
const inventedSeed = 20_261

const head = [
  'set',
  'F1',
  'precision',
  'recall',
  'automatic: precision',
  'recall',
  'questions / 1,000',
]

/** All tables. Half a minute. */
export function reportSections(): Section[] {
  const sources = readSources()
  const sets = crossValidatedSets(sources)
  return [
    crossValidation(sets),
    byProbability(sets),
    ofOriginals(sets),
    ...sets.filter(({ name }) => name === 'detention').map(byTradition),
    {
      title: 'Each file by weights that the other files gave',
      head,
      rows: sources.map((source) => {
        const others = lessonsOf(sources.filter((other) => other !== source))
        const figures = measure(compare(source.records), forEvidence(judgeBy(fit(others))))
        return figuresRow(source.name, figures)
      }),
    },
    {
      title: 'Invented afterwards, never fitted on',
      head,
      rows: Object.entries({ usual: usualRates, shared: sharedRates, harsh: harshRates }).map(
        ([name, rates]) => {
          const records = inventDetention(inventedPeople, rates, inventedSeed)
          return figuresRow(name, measure(compare(keysOf(records))))
        },
      ),
    },
    {
      title: `Without ${guessableTypes.join(', ')}, by the same weights`,
      head,
      rows: setsOf(readSources(matchKeyTypes.filter((type) => !guessableTypes.includes(type)))).map(
        ({ name, compared }) => figuresRow(name, measure(compared)),
      ),
    },
  ]
}

export function crossValidation(sets: readonly JudgedSet[]): Section {
  return {
    title: 'Cross-validation by person',
    head,
    rows: sets.map(({ name, compared, judged }) => figuresRow(name, measure(compared, judged))),
  }
}

function byProbability(sets: readonly JudgedSet[]): Section {
  const kinds = sets.filter(({ name }) => [febrlName, 'detention'].includes(name))
  return {
    title: 'Pair by pair, from a probability on, cross-validated',
    head: ['p from', ...kinds.flatMap(({ name }) => [`${name}: precision`, 'recall'])],
    rows: [possibleProbability, 0.2, 0.5, 0.8, matchProbability, 0.96, 0.99, 0.998].map((from) => [
      `${from}`,
      ...kinds.flatMap(({ compared, judged }) => {
        const { precision, recall } = ratesFrom(compared, judged, from)
        return [share(precision), share(recall)]
      }),
    ]),
  }
}

/**
 * Only pairs of an original and one of its copies, as where each person has one copy. A pair of copies is
 * spoilt twice.
 */
function ofOriginals(sets: readonly JudgedSet[]): Section {
  const head = ['set', 'pairs', 'F1 from 0.5', 'precision', 'recall', '0.99: precision', 'recall']
  const counts = sets
    .filter(({ name }) => name !== febrlName && name !== 'detention')
    .map((set) => ({ name: set.name, ...countOriginals(set) }))
  const sum = (of: (count: (typeof counts)[number]) => number) =>
    counts.reduce((total, count) => total + of(count), 0)
  const together = {
    name: 'the three together',
    pairs: sum(({ pairs }) => pairs),
    found: [sum(({ found }) => found[0]), sum(({ found }) => found[1])] as const,
    sure: [sum(({ sure }) => sure[0]), sum(({ sure }) => sure[1])] as const,
  }
  return {
    title: 'FEBRL, an original and each of its copies, pair by pair, cross-validated',
    head,
    rows: [...counts, together].map(({ name, pairs, found, sure }) => {
      const rates = ([right, wrong]: readonly [number, number]) =>
        [right / (right + wrong), right / pairs] as const
      const [precision, recall] = rates(found)
      const f1 = (2 * precision * recall) / (precision + recall)
      return [name, `${pairs}`, ...[f1, precision, recall, ...rates(sure)].map(share)]
    }),
  }
}

/** Of pairs of an original and a copy how many there are, and how many are found rightly and wrongly. */
function countOriginals({ records, compared, judged }: JudgedSet) {
  const originals = new Set(records.filter(({ isCopy }) => !isCopy).map(({ truth }) => truth))
  const pairs = records.filter(({ truth, isCopy }) => isCopy && originals.has(truth)).length
  const mixed = compared.pairs.filter(
    ({ left, right }) => records[left]?.isCopy !== records[right]?.isCopy,
  )
  const from = (probability: number) => {
    const found = mixed.filter((pair) => judged(pair).odds.probability >= probability)
    const right = found.filter((pair) => isMatch(compared, pair)).length
    return [right, found.length - right] as const
  }
  return { pairs, found: from(0.5), sure: from(0.99) }
}

type TestSet = {
  readonly name: string
  readonly records: readonly Keyed[]
  readonly compared: Compared
}

/** A set with a judgement of each pair. */
export type JudgedSet = TestSet & {
  readonly judged: (pair: Pair) => Judged
  /** The same without a rule. */
  readonly judgedWithout: (off: Rule) => (pair: Pair) => Judged
}

const febrlName = 'FEBRL 1 to 3'

/** Each file, and FEBRL as one. */
function setsOf(sources: readonly Source[]): TestSet[] {
  const febrl = sources.filter(({ kind }) => kind === 'febrl')
  const all = { name: febrlName, records: febrl.flatMap(({ records }) => records) }
  return [...febrl, all, ...sources.filter(({ kind }) => kind !== 'febrl')].map(
    ({ name, records }) => ({ name, records, compared: compare(records) }),
  )
}

/** Scores each pair by weights whose fit saw no pair of its first person. */
export function crossValidatedSets(sources: readonly Source[]): JudgedSet[] {
  const lessons = lessonsOf(sources)
  const tables = Array.from({ length: foldCount }, (_, fold) => fit(lessons, fold))
  return setsOf(sources).map((set) => {
    const foldsOf = set.compared.truths.map(foldOf)
    const judging = (off?: Rule) => {
      const folds = tables.map((table) => judgeBy(table, off))
      return ({ left, evidence }: Pair) => folds[foldsOf[left]!]!(evidence)
    }
    return { ...set, judged: judging(), judgedWithout: judging }
  })
}

export function printReport(): void {
  for (const { title, head, rows } of reportSections()) {
    console.log(`\n${title}`)
    printTable(head, rows)
  }
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [head, ...rows]
  const widths = head.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)))
  for (const line of lines) {
    console.log(
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}

function figuresRow(name: string, figures: Figures): string[] {
  const { f1, precision, recall, automatic, reviewPer1000 } = figures
  return [
    name,
    ...[f1, precision, recall, automatic.precision, automatic.recall].map(share),
    `${Math.round(reviewPer1000)}`,
  ]
}

export function share(value: number): string {
  return value.toFixed(4)
}
