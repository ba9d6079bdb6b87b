/**
 * Writes the programs of `examples/partners` into docs/PARTNERS.md, and the table of refusals from
 * `src/http/problems.ts`: `node scripts/partners.ts`. With `--check` it only compares; a test does too.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ErrorCode } from '../src/errors.ts'
import { problems } from '../src/http/problems.ts'
import { replaceBlock, tableOf } from './block.ts'

const document = new URL('../docs/PARTNERS.md', import.meta.url)
const examples = new URL('../examples/partners/', import.meta.url)

/** What no program of a partner's meets: recipients, auditors, the host, people with a receipt do. */
const othersOnly: readonly ErrorCode[] = [
  ...(['recipient-not-yours', 'recipient-lacks-compartments', 'clock-differs'] as const),
  ...(['lease-lost', 'idempotency-key-reused', 'item-held', 'item-changed'] as const),
  ...(['reopening-over', 'state-refused', 'reply-key-missing'] as const),
  ...(['case-changed', 'case-full', 'note-not-next', 'endpoint-refused'] as const),
  ...(['search-budget-spent', 'reference-mistyped'] as const),
  ...(['proof-required', 'receipt-mistyped', 'block-spent'] as const),
]

/** PARTNERS.md as it should stand. */
export function withExamples(text: string): string {
  const written = readdirSync(examples).reduce((text, file) => {
    const language = file.split('.').at(-1)?.replace('mjs', 'js').replace('py', 'python')
    const code = readFileSync(new URL(file, examples), 'utf8').trimEnd()
    return replaceBlock(text, `examples/partners/${file}`, `\`\`\`${language}\n${code}\n\`\`\``)
  }, text)
  return replaceBlock(written, 'refusals', refusals())
}

function refusals(): string {
  const known = Object.entries(problems).filter(([code]) => !othersOnly.some((it) => it === code))
  return tableOf({
    head: ['code', 'status', 'retry', 'what it is', 'do'],
    rows: known.map(([code, { status, retry, title, next }]) => {
      return [`\`${code}\``, String(status), `\`${retry}\``, title, next]
    }),
  })
}

if (import.meta.main) {
  const text = readFileSync(document, 'utf8')
  const should = withExamples(text)
  if (!process.argv.includes('--check')) writeFileSync(document, should)
  else if (text !== should) {
    console.error('docs/PARTNERS.md is not what its sources say: npx node scripts/partners.ts')
    process.exitCode = 1
  }
}
