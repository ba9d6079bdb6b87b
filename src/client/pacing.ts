/** Waiting, and what is worth waiting out: for whoever calls the service for hours. */
import { BadAnswer, NoAnswer, ServiceProblem } from './failure.ts'

/** Resolves after `ms`, and earlier once one of `signals` is aborted. */
export function pause(ms: number, ...given: (AbortSignal | undefined)[]): Promise<void> {
  const signals = given.filter((signal) => signal !== undefined)
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.max(ms, 0))
    for (const signal of signals) signal.addEventListener('abort', end)
    if (signals.some(({ aborted }) => aborted)) end()
  })
}

/** Between three quarters and five quarters of it, so that many who began together do not go on together. */
export function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2)
}

/** Doubles with each fault, from `firstMs` up to `mostMs`, jittered. @param faults - how many in a row, from 1 */
export function backoffMs(faults: number, firstMs: number, mostMs: number): number {
  return jittered(Math.min(firstMs * 2 ** Math.min(faults - 1, 20), mostMs))
}

/**
 * Whether time mends it: the network, load, a service or a proxy that is away, a token that somebody renews. An
 * answer that is none may be a proxy's.
 */
export function passes(error: unknown): boolean {
  if (error instanceof NoAnswer || error instanceof BadAnswer) return true
  if (!(error instanceof ServiceProblem)) return false
  const { status, retry } = error.problem
  return [401, 408, 425, 429].includes(status) || status >= 500 || retry === 'later'
}

/** Whether the item is another's by now, or nobody's: final, whatever is tried. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof ServiceProblem && error.problem.code === 'lease-lost'
}

/** What `promise` does, or, as soon as `signal` is aborted, a rejection with its reason. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
    const forget = () => signal.removeEventListener('abort', abort)
    promise.then(resolve, reject).finally(forget)
  })
}
