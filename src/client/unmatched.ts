/**
 * Match keys for a referral that is being sealed, or the reason why it goes without: nothing about
 * matching ever keeps a referral from being sent.
 */
import { type ErrorCode, Refusal } from '../errors.ts'
import type { Matching } from '../protocol/envelope/envelope.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'
import { shown } from '../referral/shown.ts'
import { BadAnswer, isOutdated, KeysUnmade, NoAnswer, ServiceProblem } from './failure.ts'
import { type Evaluated, evaluatePerson, type PersonParts } from './matching.ts'
import type { Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/**
 * A referral that is sealed without match keys, or without those of one epoch. It is accepted all the
 * same, and matched when a recipient opens it.
 */
export type Unmatched = {
  readonly referralId: string
  /** Those without values. The keyset seldom lists another; if so, the envelope has its values. */
  readonly epochs: readonly number[]
  /** As in docs/PROBLEMS.md, whoever found it. */
  readonly code: ErrorCode
  /** For a person to read. */
  readonly detail: string
  /**
   * An answer came, and not by a key of the keyset: a holder is misconfigured, or somebody answers in
   * its place. Tell the administrator.
   */
  readonly holderWrong: boolean
  /** What was thrown. */
  readonly cause: unknown
}

/** For so long a holder that failed is not asked again: each referral would wait for it anew. */
const pauseMs = 30_000

/** One epoch without values, and why. */
type Missing = { readonly epoch: number; readonly reason: Reason }

/**
 * Makes the match keys of referrals that are being sealed.
 *
 * @param tell - called before the envelope is there, once for each that goes without
 */
export function createMatcher(
  transport: Transport,
  keysets: Pick<ReturnType<typeof createKeysets>, 'refresh'>,
  tell: (unmatched: Unmatched) => void,
) {
  const paused = new Map<number, { readonly reason: Reason; readonly untilMs: number }>()

  /** What the envelope is to hold; `undefined` for nothing. Throws only what `tell` throws. */
  return async function matchingOf(
    referralId: string,
    parts: PersonParts,
    { origin, matching }: Pick<Keyset, 'origin' | 'matching'>,
  ): Promise<Matching | undefined> {
    const resting = matching.flatMap(({ epoch }) => restingOf(epoch))
    const asked = matching.filter(
      ({ epoch }) => !resting.some((missing) => missing.epoch === epoch),
    )
    const evaluated = await evaluatePerson(transport, { origin, matching: asked }, parts)
    const failed = evaluated.flatMap(({ epoch, failure }): Missing[] => {
      return failure ? [{ epoch, reason: reasonOf(failure.thrown) }] : []
    })
    for (const { epoch, reason } of failed) {
      if (isOfOthers(reason)) paused.set(epoch, { reason, untilMs: Date.now() + pauseMs })
      if (isOutdated(reason.cause)) keysets.refresh()
    }
    const missing = [...failed, ...resting].sort((a, b) => b.epoch - a.epoch)
    const worst = missing.find(({ reason }) => reason.holderWrong) ?? missing[0]
    if (worst) tell({ referralId, epochs: missing.map(({ epoch }) => epoch), ...worst.reason })
    return matchingIn(evaluated)
  }

  function restingOf(epoch: number): Missing[] {
    const pause = paused.get(epoch)
    return pause && Date.now() < pause.untilMs ? [{ epoch, reason: pause.reason }] : []
  }
}

/** The newest epoch that has values, and the one before it. */
function matchingIn(evaluated: readonly Evaluated[]): Matching | undefined {
  const [newer, previous] = evaluated.flatMap(({ epoch, values }) => {
    return values && values.length > 0 ? [{ epoch, values }] : []
  })
  return newer && { ...newer, ...(previous && { previous }) }
}

/** What to do where nobody listens: silence would let a wrong key go unseen for ever. */
export function warnOfUnmatched({ referralId, detail, holderWrong }: Unmatched): void {
  const words = `Referral ${referralId} is sealed without match keys: ${shown(detail)}`
  if (holderWrong) console.error(`${words}. Tell the administrator.`)
  else console.warn(`${words}. It is matched when it is opened.`)
}

type Reason = Pick<Unmatched, 'code' | 'detail' | 'holderWrong' | 'cause'>

function reasonOf(cause: unknown): Reason {
  if (cause instanceof ServiceProblem) {
    const { code = 'matching-unavailable' } = cause.problem
    return { code, detail: cause.message, holderWrong: false, cause }
  }
  if (cause instanceof NoAnswer) {
    return { code: 'matching-unavailable', detail: cause.message, holderWrong: false, cause }
  }
  // Of our own sign-in, which no holder has a part in.
  if (cause instanceof Refusal && cause.code === 'unauthenticated') {
    return { code: cause.code, detail: cause.message, holderWrong: false, cause }
  }
  if (cause instanceof Refusal || cause instanceof BadAnswer) {
    const code = cause instanceof Refusal ? cause.code : 'batch-mismatch'
    const detail = `a holder of the matching key answers wrongly (${code}): ${cause.message}`
    return { code, detail, holderWrong: true, cause }
  }
  // The caller's own token, or a defect: its words are not ours to repeat, they may hold a name.
  const detail =
    cause instanceof KeysUnmade
      ? 'they could not be made of what it says'
      : 'they could not be asked for from here'
  return { code: 'matching-unavailable', detail, holderWrong: false, cause }
}

/** Whether the next referral would meet the same. A defect may be of this person's data alone. */
function isOfOthers({ cause }: Reason): boolean {
  return [ServiceProblem, NoAnswer, Refusal, BadAnswer].some((kind) => cause instanceof kind)
}
