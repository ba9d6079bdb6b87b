/** Faults in words that a person can act on: what, where, and the next step. */
import {
  BadAnswer,
  DraftRefused,
  NoAnswer,
  type Problem,
  Refusal,
  ServiceProblem,
} from '../client/index.ts'
import { problems } from '../problems.ts'

/** A fault as `--json` prints it, the same members wherever it comes from. */
export type Fault = {
  readonly title: string
  readonly detail?: string
  readonly code?: string
  readonly errors?: readonly Problem[]
  readonly retry?: 'never' | 'later' | 'after-refresh'
  readonly next?: string
}

/** What went wrong, as far as a person can do something about it. */
export function faultOf(error: unknown): Fault {
  if (error instanceof ServiceProblem) return error.problem
  if (error instanceof Refusal) {
    const { title, next, retry } = problems[error.code]
    const place =
      error instanceof DraftRefused ? { errors: error.problems } : { detail: error.message }
    return { title, code: error.code, ...place, retry, next }
  }
  if (error instanceof NoAnswer) {
    const next =
      'Check the network and --url. What is safe to repeat was repeated; try again later.'
    return { title: 'The service did not answer', detail: error.message, next }
  }
  if (error instanceof BadAnswer) {
    const next = 'Do not rely on it. Tell the administrator, by another way than this service.'
    return { title: 'The answer is not to be relied on', detail: error.message, next }
  }
  return { title: systemFault(error) }
}

/** The same as lines of text. */
export function wordsOf({ title, code, detail, errors = [], next }: Fault): string {
  const lines = [
    code ? `${title} (${code})` : title,
    ...(detail ? [`  ${detail}`] : []),
    ...errors.map((error) => `  ${error.pointer || '/'} ${error.detail}`),
    ...(next ? [`  Next: ${next}`] : []),
  ]
  return printable(lines.join('\n'))
}

function systemFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, path } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' && path) return `${path}: there is no such file`
  if (code === 'EEXIST' && path) return `${path} exists, and is not overwritten`
  if (code === 'EACCES' && path) return `${path} may not be read or written by you`
  return error.message
}

/**
 * Text that a stranger wrote, safe to show on a terminal: control characters, with which it could
 * move the cursor or rewrite what stands above, and marks that turn the direction of the text
 * around, are spelt out.
 */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
