/** What a consumer does with one item that it claimed: opens it, hands it to the handler, ends it or gives it back. */
import type { Opened, Unopenable } from '../protocol/envelope/open.ts'
import type { Released } from '../protocol/envelope/released.ts'
import type { Claiming, Outcome } from './claiming.ts'
import { type Held, hold, type News } from './holding.ts'
import { backoffMs, pause, unlessAborted } from './pacing.ts'
import type { Parting } from './parting.ts'
import type { Claim } from './schemas.ts'

/** One item to be worked on, opened. */
export type Work = {
  readonly claim: Claim
  /** The referrals that wait for an answer, in the order of the claim. `completable` says which can have one. */
  readonly waiting: readonly (Opened | Unopenable)[]
  /** Those that were answered before: there to be read. */
  readonly answered: readonly (Opened | Unopenable)[]
  /**
   * Aborted when the item is another's, with the ServiceProblem `lease-lost`, which is final; or when the consumer
   * was stopped and `graceSeconds` are over. What is returned afterwards is dropped.
   */
  readonly signal: AbortSignal
  /**
   * Calls `listener` each time that a renewal tells of another urgency or deadline, or of other referrals in the case
   * (`referralIds`): fetch those before you end the work.
   */
  onNews(listener: (news: News) => void): void
}

/**
 * @returns how the work ended, or `release` to give it back at its old place, to be claimed by anybody at once.
 *   Where it throws, the item is held back for some seconds, longer each time, and then given back
 */
export type Handler = (work: Work) => Promise<Outcome | 'release'>

type Station = {
  readonly reader: Pick<Claiming, 'renew'> & {
    open(released: Released): Promise<Opened | Unopenable>
  }
  readonly handler: Handler
  readonly leaseSeconds: number
  /** A lease is renewed when about this part of it is over. */
  readonly renewShare: number
  /** For how long an item is held back whose handler failed: the first time, and at most. */
  readonly heldBackMs: readonly [first: number, most: number]
  readonly parting: Parting
  readonly onTrouble: (error: unknown, claim?: Claim) => void
  /** Aborted when it stops. */
  readonly stopping: AbortSignal
  /** Aborted when handlers must have ended. */
  readonly graceOver: AbortSignal
}

/** How many failures in a row are remembered, of the items that failed last. */
const failedMax = 1_000

export function createWorking(station: Station) {
  const { reader, handler, leaseSeconds, renewShare, stopping, graceOver, onTrouble } = station
  const { end, giveBack } = station.parting
  /** How often in a row the handler failed at an item. */
  const failures = new Map<string, number>()

  /**
   * Works on one item until its handler has ended, and its answer is known.
   *
   * @returns what is still to be waited for where the handler failed: the item is held back, and given back then
   */
  async function workOn(claim: Claim, sentAt: number): Promise<(() => Promise<void>) | undefined> {
    const trouble = (error: unknown) => onTrouble(error, claim)
    const lease = { leaseSeconds, sentAt, renewShare, onTrouble: trouble }
    const held = hold(claim, { renew: reader.renew, ...lease })
    let later: (() => Promise<void>) | undefined
    try {
      const failure = await attempt(claim, held)
      if (failure === undefined) failures.delete(claim.claimId)
      else later = holdBack(claim, held, failure.error)
    } finally {
      if (!later) held.end()
    }
    return later
  }

  /** @returns why the item is to be given back later; nothing if it is ended, given back or lost */
  async function attempt(claim: Claim, held: Held): Promise<{ error: unknown } | undefined> {
    const signal = AbortSignal.any([held.lost, graceOver])
    let answer: Outcome | 'release'
    try {
      answer = await unlessAborted(workedBy(claim, held, signal), signal)
    } catch (error) {
      if (held.lost.aborted) return void onTrouble(held.lost.reason, claim)
      if (graceOver.aborted) return giveBack(claim)
      return { error }
    }
    return answer === 'release' ? giveBack(claim) : end(claim, answer)
  }

  async function workedBy(claim: Claim, held: Held, signal: AbortSignal) {
    const opened: { result: Opened | Unopenable; isAnswered: boolean }[] = []
    for (const released of claim.referrals) {
      opened.push({ result: await reader.open(released), isAnswered: released.answered })
    }
    const some = (which: boolean) =>
      opened.filter(({ isAnswered }) => isAnswered === which).map(({ result }) => result)
    const [waiting, answered] = [some(false), some(true)]
    return handler({ claim, waiting, answered, signal, onNews: held.onNews })
  }

  function holdBack(claim: Claim, held: Held, error: unknown): () => Promise<void> {
    const failed = (failures.get(claim.claimId) ?? 0) + 1
    failures.delete(claim.claimId)
    failures.set(claim.claimId, failed)
    const [oldest] = failures.keys()
    if (failures.size > failedMax && oldest !== undefined) failures.delete(oldest)
    onTrouble(error, claim)
    return async () => {
      try {
        await pause(backoffMs(failed, ...station.heldBackMs), stopping, held.lost)
        if (!held.lost.aborted) await giveBack(claim)
      } finally {
        held.end()
      }
    }
  }

  return { workOn }
}
