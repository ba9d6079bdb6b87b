/**
 * Fits the weights of matching, and writes them.
 *
 *     node bench/matching/fit.ts            writes src/matching/weights.ts
 *     node bench/matching/fit.ts --check    fails where the data say other weights
 *     node bench/matching/fit.ts --report   prints how right they are on people they were not fitted on
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Weights } from '../../src/matching/weights.ts'
import { printReport } from './report.ts'
import { fit, lessonsOf, readSources } from './sets.ts'

const file = new URL('../../src/matching/weights.ts', import.meta.url)

/** The source of `weights.ts`. */
export function weightsSource({ intercept, tokens, types }: Weights): string {
  const rows = Object.entries(types).map(([type, { agrees, missing }]) => {
    return `    ${type}: { agrees: ${agrees}, missing: ${missing} },`
  })
  return `/**
 * The weights of matching, in bits: log₂ odds. Written by \`node bench/matching/fit.ts\` from FEBRL 1
 * to 3 and an invented set of referrals (bench/matching/data/SOURCES.md); a test holds them to that.
 * What they mean is in docs/MATCHING.md.
 */

export type Weights = {
  /** What any pair starts with that shares a value. */
  readonly intercept: number
  /** Two or more tokens of the name agree. */
  readonly tokens: number
  /** For each type of match key: a value of it agrees, or one side has none. */
  readonly types: Readonly<Record<string, { readonly agrees: number; readonly missing: number }>>
}

export const weights: Weights = {
  intercept: ${intercept},
  tokens: ${tokens},
  types: {
${rows.join('\n')}
  },
}
`
}

if (import.meta.main) {
  const options = { check: { type: 'boolean' }, report: { type: 'boolean' } } as const
  const { values } = parseArgs({ options })
  if (values.report) {
    printReport()
  } else {
    const source = weightsSource(fit(lessonsOf(readSources())))
    if (!values.check) writeFileSync(file, source)
    else if (readFileSync(file, 'utf8') !== source) {
      console.error('src/matching/weights.ts holds other weights than the data give')
      console.error('Run: npx node bench/matching/fit.ts')
      process.exitCode = 1
    }
  }
}
