/** What can go wrong between a client and the service, each kind its own class. */
import { type ErrorCode, Refusal } from '../errors.ts'
import type { Problem } from '../referral/problems.ts'

/** A code of a newer service may be none of ours; whatever it is, it is short and plain. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && /^[a-z0-9-]{1,64}$/.test(code)
}

/**
 * A problem document (RFC 9457) as the service sends it; nothing of it is vouched for but its form.
 * `title`, `detail`, `next` and `errors` are a stranger's words: escape them before they are shown.
 */
export type ProblemDocument = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  /** `urn:uuid:` and the id under which the service's log knows this request. */
  readonly instance?: string
  /** Missing where something before the service answered, a proxy for instance. */
  readonly code?: ErrorCode
  /** Whether anything was stored all the same. */
  readonly stored?: boolean
  readonly retry?: 'never' | 'later' | 'after-refresh'
  /** The next step, in words. */
  readonly next?: string
  readonly errors?: readonly Problem[]
}

/**
 * The service refused. `problem` is the whole document: branch on `problem.code`, show a person
 * `problem.title`, `problem.detail` and `problem.next`.
 */
export class ServiceProblem extends Error {
  readonly problem: ProblemDocument

  constructor(problem: ProblemDocument) {
    super([problem.title, problem.detail].filter(Boolean).join(': '))
    this.name = 'ServiceProblem'
    this.problem = problem
  }
}

/** Whether what a request was made from, a keyset for instance, is to be fetched anew. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ServiceProblem && error.problem.retry === 'after-refresh'
}

/**
 * No answer came: the service could not be reached, or took too long. Whether it did what was asked
 * is unknown. `cause` is the network's own error.
 */
export class NoAnswer extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'NoAnswer'
  }
}

/**
 * An answer came that no service of this protocol gives: another form, or an acknowledgement of
 * other bytes than were sent. Nothing in it may be relied on.
 */
export class BadAnswer extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'BadAnswer'
  }
}

/**
 * The match keys of one referral could not be made here: a defect that what it says brings out, and
 * that others do not meet. `cause` is what was thrown; it is not repeated, for it may hold a name.
 */
export class KeysUnmade extends Error {
  constructor(options: ErrorOptions) {
    super('its match keys could not be made', options)
    this.name = 'KeysUnmade'
  }
}

/** A draft that is not sealed. `problems` names each field, never what was written there. */
export class DraftRefused extends Refusal {
  readonly problems: readonly Problem[]

  constructor(
    code: Extract<ErrorCode, 'referral-invalid' | 'consent-refused'>,
    problems: readonly Problem[],
  ) {
    super(code, problems.map(({ pointer, detail }) => `${pointer || '/'} ${detail}`).join(' '))
    this.name = 'DraftRefused'
    this.problems = problems
  }
}
