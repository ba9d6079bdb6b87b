/** The data that the weights are fitted on: data/SOURCES.md. */
import { readFileSync } from 'node:fs'
import type { Weights } from '../../src/matching/weights.ts'
import { matchKeyTypes } from '../../src/protocol/matching/keytypes.ts'
import { fitWeights, type Lesson } from './fitting.ts'
import { compare, isMatch, type Keyed, keysOf } from './measure.ts'
import { type Columns, readRecords } from './records.ts'

/** Folds of cross-validation: by person, so that nobody's records are on both sides. */
export const foldCount = 5

const febrl: Columns = {
  ...{ truth: 'rec_id', given: 'given_name', family: 'surname' },
  ...{ birth: 'date_of_birth', reference: 'soc_sec_id' },
}

const detention: Columns = {
  ...{ truth: 'e', given: 'given', family: 'sur', year: 'y', month: 'm', day: 'd' },
  ...{ reference: 'ref', phone: 'phone', group: 'country' },
}

/**
 * Each file, and how much a pair of one person in it counts. In FEBRL 3 a person has up to six
 * records, whose pairs repeat each other.
 */
const files = [
  { name: 'FEBRL 1', kind: 'febrl', file: 'febrl1.csv', columns: febrl, counts: 0.5 },
  { name: 'FEBRL 2', kind: 'febrl', file: 'febrl2.csv', columns: febrl, counts: 0.5 },
  { name: 'FEBRL 3', kind: 'febrl', file: 'febrl3.csv', columns: febrl, counts: 0.25 },
  {
    name: 'detention',
    kind: 'detention',
    file: 'detention-train.csv',
    columns: detention,
    counts: 1,
  },
] as const

/** How much a pair of two people counts. With the above, both kinds have about the same say. */
const othersCount = { febrl: 0.5, detention: 1 }

export type Source = Omit<(typeof files)[number], 'columns'> & {
  readonly records: readonly Keyed[]
}

/** All files, with the keys of their people. A few seconds. */
export function readSources(types?: readonly string[]): Source[] {
  return files.map(({ columns, ...source }) => {
    const text = readFileSync(new URL(`./data/${source.file}`, import.meta.url), 'utf8')
    const records = readRecords(text, columns).map((record) => {
      return { ...record, truth: `${source.file} ${record.truth}` }
    })
    return { ...source, records: keysOf(records, types) }
  })
}

/** A pair to learn from, and the folds of its people. */
export type FoldedLesson = Lesson & { readonly folds: readonly [number, number] }

/**
 * What sources teach. The files of one kind are compared as one: eleven thousand records have more in
 * common by chance than five thousand have, and a service will have more still.
 */
export function lessonsOf(sources: readonly Source[]): FoldedLesson[] {
  return (['febrl', 'detention'] as const).flatMap((kind) => {
    const alike = sources.filter((source) => source.kind === kind)
    const compared = compare(alike.flatMap(({ records }) => records))
    const counts = alike.flatMap(({ records, counts }) => records.map(() => counts))
    const folds = compared.truths.map(foldOf)
    return compared.pairs.map((pair) => {
      const match = isMatch(compared, pair)
      return {
        evidence: pair.evidence,
        isMatch: match,
        weight: match ? counts[pair.left]! : othersCount[kind],
        folds: [folds[pair.left]!, folds[pair.right]!] as const,
      }
    })
  })
}

/** The table of weights that lessons give, without every pair with a person of `exceptFold`. */
export function fit(lessons: readonly FoldedLesson[], exceptFold?: number): Weights {
  const kept = lessons.filter(
    ({ folds }) => exceptFold === undefined || !folds.includes(exceptFold),
  )
  return fitWeights(kept, matchKeyTypes)
}

/** The fold of a person, from the name of the truth: 32-bit FNV-1a. */
export function foldOf(truth: string): number {
  let hash = 0x811c9dc5
  for (const char of truth) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return (hash >>> 8) % foldCount
}
