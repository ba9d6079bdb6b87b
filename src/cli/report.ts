/** Faults in words that a person can act on: what, where, and the next step. */
import {
  BadAnswer,
  DraftRefused,
  NoAnswer,
  type Problem,
  Refusal,
  ServiceProblem,
  shown,
} from '../client/index.ts'
import { problems } from '../http/problems.ts'

/** A fault as `--json` prints it, the same members wherever it comes from. */
export type Fault = {
  readonly title: string
  readonly detail?: string
  readonly code?: string
  readonly errors?: readonly Place[]
  readonly retry?: 'never' | 'later' | 'after-refresh'
  readonly next?: string
}

/** Where something is wrong, if that is one place, and what. */
type Place = Pick<Problem, 'detail'> & Partial<Problem>

/** A draft of a signed document that is not signed. `places` names all that is wrong. */
export class DocumentRefused extends Refusal {
  readonly places: readonly Place[]

  constructor(places: readonly Place[]) {
    super('trust-invalid', places.map(({ detail }) => detail).join(' '))
    this.places = places
  }
}

/** What went wrong, as far as a person can do something about it. */
export function faultOf(error: unknown): Fault {
  if (error instanceof ServiceProblem) return withRetry(error.problem)
  if (error instanceof Refusal) {
    const { title, next, retry } = problems[error.code]
    return { title, code: error.code, ...placesOf(error), retry, next }
  }
  if (error instanceof NoAnswer) {
    const next =
      'Check the network and --url. What is safe to repeat was repeated; try again later.'
    return { title: 'The service did not answer', detail: error.message, retry: 'later', next }
  }
  if (error instanceof BadAnswer) {
    const next = 'Do not rely on it. Tell the administrator, by another way than this service.'
    return { title: 'The answer is not to be relied on', detail: error.message, next }
  }
  return { title: systemFault(error) }
}

/** A proxy's page says nothing of what to do: that of a service which is away passes. */
function withRetry(problem: ServiceProblem['problem']): Fault {
  return problem.retry === undefined && problem.status >= 500
    ? { ...problem, retry: 'later' }
    : problem
}

function placesOf(error: Refusal): Pick<Fault, 'detail' | 'errors'> {
  if (error instanceof DraftRefused) return { errors: error.problems }
  if (error instanceof DocumentRefused) return { errors: error.places }
  return { detail: error.message }
}

/** The same as lines of text, the first of them with no mark before it. */
export function wordsOf({ title, code, detail, errors = [], next }: Fault): string {
  const [first = '', ...others] = title.split('\n')
  return [
    `${shown(first)}${code ? ` (${shown(code)})` : ''}`,
    ...others.map((line) => `| ${shown(line)}`),
    ...(detail && saysMore(detail, title) ? [`  ${shown(detail)}`] : []),
    ...errors.map(({ pointer, detail }) => {
      return `  ${pointer === undefined ? '' : `${shown(pointer || '/')} `}${shown(detail)}`
    }),
    ...(next ? nextWords(next) : []),
  ].join('\n')
}

/** Some refusals have nothing to add to the title of their code. */
function saysMore(detail: string, title: string): boolean {
  const bare = (words: string) => words.toLowerCase().replace(/\.$/, '')
  return bare(detail) !== bare(title)
}

/** Further lines stand behind a mark, whoever wrote them. */
function nextWords(next: string): string[] {
  const [first = '', ...others] = next.split('\n')
  return [`  Next: ${shown(first)}`, ...others.map((line) => `  | ${shown(line.trim())}`)]
}

function systemFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, path } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' && path) return `${path}: there is no such file or folder`
  if (code === 'EEXIST' && path) return `${path} exists, and is not overwritten`
  if (code === 'EACCES' && path) return `${path} may not be read or written by you`
  return error.message
}
