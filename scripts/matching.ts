/**
 * Writes the figures of MATCHING.md, so that none is typed by hand.
 *
 *     node scripts/matching.ts            measures, and writes them there. Half a minute
 *     node scripts/matching.ts --check    fails where others stand there
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { reportSections, type Section } from '../bench/matching/report.ts'
import { wordsOf } from '../src/matching/odds.ts'
import { weights } from '../src/matching/weights.ts'
import { replaceBlock, tableOf } from './block.ts'

const document = new URL('../docs/MATCHING.md', import.meta.url)

/** MATCHING.md with the weights in use. */
export function withWeights(text: string): string {
  const { intercept, tokens, types } = weights
  const bits = (value: number) => value.toFixed(1)
  const rows = [
    ['', 'at the start, sharing any value', bits(intercept), ''],
    ...Object.entries(types).map(([type, { agrees, missing }]) => {
      const words = wordsOf({ type, because: 'agrees', bits: agrees })
      return [`\`${type}\``, words, bits(agrees), bits(missing)]
    }),
    ['`TOKENS`', wordsOf({ type: 'TOKENS', because: 'tokens', bits: tokens }), bits(tokens), ''],
  ]
  const head = ['type', 'what agrees', 'bits', 'bits if one side has none']
  return replaceBlock(text, 'weights', tableOf({ head, rows }))
}

/** A table of figures with its title, as it stands in MATCHING.md. */
export function sectionText({ title, ...table }: Section): string {
  return `**${title}**\n\n${tableOf(table)}`
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean' } } })
  const text = readFileSync(document, 'utf8')
  const figures = reportSections().map(sectionText).join('\n\n')
  const written = withWeights(replaceBlock(text, 'figures', figures))
  if (!values.check) writeFileSync(document, written)
  else if (written !== text) {
    console.error('docs/MATCHING.md shows other figures than were measured')
    console.error('Run: npx node scripts/matching.ts')
    process.exitCode = 1
  }
}
