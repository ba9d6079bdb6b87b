/**
 * What is loaded after the first page: all that seals, sends and looks up, by the SDK and nothing else. What
 * goes wrong is told by a key of the texts where trying again mends nothing, or nothing at once.
 */
import { solveChallengeWorkers } from 'altcha-lib'
import {
  type Challenge,
  createPublicReferrer,
  DraftRefused,
  type Envelope,
  type OwnReferral,
  Refusal,
  ready,
  ServiceProblem,
  type Thread,
} from '../../client/index.ts'
import { readReceipt as digitsOf } from '../../protocol/messages/receipt.ts'
import { draftOf } from './answers.ts'
import { pinned } from './pinned.ts'
import { Told } from './screens/waiting.ts'
import type { Session } from './session.ts'
import { isWithdrawable } from './withdrawal.ts'
import { createSolver } from './workers.ts'

export { newReceipt } from '../../client/index.ts'

await ready

/** Of a challenge's ten minutes, so many are left for sending. */
const solveMsMax = 480_000

const referrer = createPublicReferrer({
  ...{ url: pinned.service, trust: pinned.trust, solve },
  // A console is read by whoever sits down next.
  onWarnings: () => {},
  onClockSkew: () => {},
})

async function solve(challenge: Challenge): Promise<object> {
  const concurrency = navigator.hardwareConcurrency
  const work = { challenge, concurrency, createWorker: createSolver, timeout: solveMsMax }
  const solution = await solveChallengeWorkers(work)
  if (solution) return solution
  throw new Error('the proof of work took too long')
}

/** The receipt as it was typed, if it is one. */
export function readReceipt(typed: string): string | undefined {
  try {
    digitsOf(typed)
    return typed
  } catch {
    return undefined
  }
}

/** Seals what was answered. Nothing is sent but the question for the newest keyset. */
export async function seal(here: Session): Promise<Envelope> {
  const { answers, amends } = here
  const options = amends === undefined ? {} : { supersedes: amends }
  return told(referrer.seal(draftOf(answers, new Date()), receiptOf(here), options))
}

/**
 * Sends it. @returns the reference to say on the telephone
 *
 * One that was refused for good is dropped, so that the next attempt seals anew; one whose answer was lost
 * is kept, and sent again as it is.
 */
export async function send(envelope: Envelope, here: Session): Promise<string> {
  try {
    return (await referrer.submit(envelope)).reference
  } catch (error) {
    if (error instanceof ServiceProblem && !passes(error)) delete here.envelope
    return told(Promise.reject(error))
  }
}

/** What was sent with this receipt, the newest first; at least one. */
export async function lookUp(here: Session): Promise<readonly OwnReferral[]> {
  const found = await told(referrer.state(receiptOf(here)))
  if (found.length === 0) throw new Told('failed.unknown')
  return found
}

/** Asks for everything that was sent with this receipt. */
export async function askToWithdraw(here: Session): Promise<void> {
  const found = await lookUp(here)
  for (const { referralId } of found.filter(isWithdrawable)) {
    await told(referrer.askToWithdraw(receiptOf(here), referralId))
  }
}

/** What was written about each referral under this receipt, the newest referral first. It counts as read. */
export async function readAll(here: Session): Promise<readonly Thread[]> {
  const threads: Thread[] = []
  for (const { referralId } of await lookUp(here)) {
    threads.push(await told(referrer.messages(receiptOf(here), referralId)))
  }
  return threads
}

/** Seals and sends what was written. */
export async function answer(here: Session): Promise<void> {
  const { message = '', answering = '' } = here
  await told(referrer.send(receiptOf(here), answering, { text: message }))
}

function receiptOf({ receipt }: Session): string {
  if (receipt === undefined) throw new Error('the receipt comes before what is done with it')
  return receipt
}

/**
 * Overload, a line that broke, a keyset that was followed by another: the next attempt may succeed. Without a
 * code it was a proxy that answered, and what was sent before may have arrived.
 */
function passes({ problem: { retry, status, code } }: ServiceProblem): boolean {
  if (code === undefined) return true
  return retry === 'later' || status >= 502 || status === 429 || code === 'proof-required'
}

/** The same, but for what no second attempt mends at once, which names its words. */
async function told<Result>(act: Promise<Result>): Promise<Result> {
  try {
    return await act
  } catch (error) {
    if (error instanceof DraftRefused) throw new Told('failed.form', error)
    // Of keys that are not those of the pinned roots, or older than the page: nobody seals to them.
    if (error instanceof Refusal) throw new Told('failed.outdated', error)
    const isFull = error instanceof ServiceProblem && error.problem.code === 'too-many-unopened'
    if (isFull) throw new Told('failed.full', error)
    const isUnread = error instanceof ServiceProblem && error.problem.code === 'messages-unread'
    if (isUnread) throw new Told('failed.unread', error)
    const refused = error instanceof ServiceProblem && error.problem.retry !== 'after-refresh'
    if (refused && !passes(error)) throw new Told('failed.refused', error)
    throw error
  }
}
