/**
 * Rules of retention: a referral that stands in a closed state for so many days is erased. Days are whole days of UTC, so that
 * what is due changes once a day, and whoever confirms a list confirms what was seen. Pure.
 */
import { canonicalBytes } from '../protocol/canonical.ts'
import { sha256 } from '../protocol/sodium.ts'
import type { State } from '../referral/codes/state.ts'

/** What a rule may be about: nobody works on it, or helps by it. */
export const retainedStates = [
  'declined',
  'redirected',
  'closed',
  'withdrawn',
] as const satisfies readonly State[]
export type RetainedState = (typeof retainedStates)[number]

/** Nothing of a withdrawal is erased for seven days. */
export const retainedDaysMin = 7
export const retainedDaysMax = 36_500

/** A rule is set so many hours before anything goes by it. */
export const graceHours = 24

const dayMs = 86_400_000

/** A rule: after how many days in which state a referral is erased. */
export type Rule = { readonly state: RetainedState; readonly days: number }

/**
 * What began before this has lasted for `days` whole days of UTC.
 *
 * @param now - of the database's clock
 */
export function dueBefore(now: Date, days: number): Date {
  return new Date((Math.floor(now.getTime() / dayMs) - days) * dayMs)
}

/** Why something that is due is kept. */
export const keptFor = {
  hold: 'under a legal hold',
  withdrawal: 'asked to be withdrawn in the last seven days',
  amendment: 'amended by one that is not closed',
  message: 'with a message by its referrer that was not read before today',
} as const
export type Kept = keyof typeof keptFor

/** A referral whose days are over. */
export type Due = {
  readonly referralId: string
  readonly reference: string
  /** Since when it stands in its state. */
  readonly since: string
  readonly kept: Kept | null
}

/** Whether one that is due is erased. */
export function goes({ kept }: Due): boolean {
  return kept === null
}

/**
 * The word by which a list is confirmed: another list, of one referral more or less, has another, and so has another rule.
 *
 * @param epoch - the database that it was read from
 */
export function wordOf({ state, days }: Rule, epoch: string, goes: readonly Due[]): string {
  const ids = goes.map(({ referralId }) => referralId).sort()
  const hash = sha256(canonicalBytes({ state, days, epoch, ids }))
  // Letters that no shell and no flag takes for something else.
  return [...hash.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
