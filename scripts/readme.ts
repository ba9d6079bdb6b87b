/**
 * Keeps the demo's output in README.md true.
 *
 *     node scripts/readme.ts                        runs the demo, and writes its output there
 *     node scripts/readme.ts --check                fails where the two differ
 *     node scripts/readme.ts --check --output FILE  the same, of an output kept in a file; `-` is stdin
 *
 * Figures that differ on each run are shown as `x`, on both sides.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readBlock, replaceBlock } from './block.ts'

const readme = new URL('../README.md', import.meta.url)
const block = 'output of the demo'

/** Each kind of figure that another run has otherwise, and how it is shown. */
const varying: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+/g, (id) => id.replace(/[0-9a-f]/g, 'x')],
  [/\b[0-9a-f]{32,}/g, (hex) => 'x'.repeat(hex.length)],
  [/\b[0-9,]+ bytes: /g, 'xx,xxx bytes: '],
  [/\breference [0-9]{8}\b/g, 'reference xxxxxxxx'],
  [/\bprocess [0-9]+\b/g, 'process xxxxx'],
  [/\b[0-9]+ files\b/g, 'xxxx files'],
  [/\b[0-9]+ becomes [0-9]+\b/g, 'xx becomes xx'],
]

/** `text` with every varying figure masked. */
export function masked(text: string): string {
  return varying.reduce(
    (shown, [figure, stands]) => shown.replace(figure, stands as string),
    text.trimEnd(),
  )
}

/** Where `shown` and `printed` differ: the first such line of each, or `undefined`. */
export function firstDifference(shown: string, printed: string): string | undefined {
  const [left, right] = [masked(shown).split('\n'), masked(printed).split('\n')]
  const at = Array.from({ length: Math.max(left.length, right.length) }).findIndex(
    (_, index) => left[index] !== right[index],
  )
  if (at < 0) return undefined
  return `line ${at + 1}\n  README.md: ${left[at] ?? '(ends)'}\n  the demo:  ${right[at] ?? '(ends)'}`
}

function demoOutput(file: string | undefined): string {
  if (file !== undefined) return readFileSync(file === '-' ? 0 : file, 'utf8')
  const demo = fileURLToPath(new URL('../examples/demo.ts', import.meta.url))
  return execFileSync(process.execPath, [demo], { encoding: 'utf8' })
}

if (import.meta.main) {
  const options = { check: { type: 'boolean' }, output: { type: 'string' } } as const
  const { values } = parseArgs({ options })
  const text = readFileSync(readme, 'utf8')
  const output = demoOutput(values.output)
  if (values.check) {
    const shown = readBlock(text, block).replace(/^```text\n|\n```$/g, '')
    const difference = firstDifference(shown, output)
    if (difference) {
      console.error(`README.md shows another output of the demo, from ${difference}`)
      console.error('Run: npx node scripts/readme.ts')
      process.exitCode = 1
    }
  } else {
    writeFileSync(readme, replaceBlock(text, block, `\`\`\`text\n${masked(output)}\n\`\`\``))
  }
}
