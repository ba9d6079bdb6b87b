/**
 * Keeps the demo's output in README.md true.
 *
 *     node scripts/readme.ts
 *
 * runs the demo and writes what it prints there; the test of the demo compares the two. Figures that
 * differ on each run are shown as `x`, on both sides.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { replaceBlock } from './block.ts'

const readme = new URL('../README.md', import.meta.url)
/** The part of README.md that shows it. */
export const block = 'output of the demo'

/** Each kind of figure that another run has otherwise, and how it is shown. */
const varying: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+/g, (id) => id.replace(/[0-9a-f]/g, 'x')],
  [/\b[0-9a-f]{32,}/g, (hex) => 'x'.repeat(hex.length)],
  [/\b[0-9,]+ bytes: /g, 'xx,xxx bytes: '],
  [/\breference [0-9]{8}\b/g, 'reference xxxxxxxx'],
  [/\bprocess [0-9]+\b/g, 'process xxxxx'],
  [/\b[0-9]{5}( [0-9]{5}){5}\b/g, 'xxxxx xxxxx xxxxx xxxxx xxxxx xxxxx'],
  [/\b[0-9]{5}( [0-9]{5}){4}\b/g, 'xxxxx xxxxx xxxxx xxxxx xxxxx'],
  [/\b[0-9]+ files\b/g, 'xxxx files'],
  [/\b[0-9]+ entries\b/g, 'xxx entries'],
  [/\bentry [0-9]+\b/g, 'entry xxx'],
  [/\b[0-9]+ ms\b/g, 'xx ms'],
  [/\b[0-9]+ becomes [0-9]+\b/g, 'xx becomes xx'],
]

/** `text` with every varying figure masked. */
export function masked(text: string): string {
  return varying.reduce(
    (shown, [figure, stands]) => shown.replace(figure, stands as string),
    text.trimEnd(),
  )
}

/** Where the block `shown` and `printed` differ: the first such line of each, or `undefined`. */
export function firstDifference(shown: string, printed: string): string | undefined {
  const text = shown.replace(/^```text\n|\n```$/g, '')
  const [left, right] = [masked(text).split('\n'), masked(printed).split('\n')]
  const at = Array.from({ length: Math.max(left.length, right.length) }).findIndex(
    (_, index) => left[index] !== right[index],
  )
  if (at < 0) return undefined
  return `line ${at + 1}\n  README.md: ${left[at] ?? '(ends)'}\n  the demo:  ${right[at] ?? '(ends)'}`
}

if (import.meta.main) {
  const demo = fileURLToPath(new URL('../examples/demo.ts', import.meta.url))
  const output = execFileSync(process.execPath, [demo], { encoding: 'utf8' })
  const text = readFileSync(readme, 'utf8')
  writeFileSync(readme, replaceBlock(text, block, `\`\`\`text\n${masked(output)}\n\`\`\``))
}
