/**
 * The small language of the urgency rules. A rule is data, so that it can be published, approved by
 * somebody who does not program, and executed in any language.
 *
 * A condition never fails: what stands at a path may be missing, unreadable, or newer than the rules.
 */
import { type DateBounds, dateBounds, momentOf, outside, toleranceMinutes } from './dates.ts'
import { type Readable, valuesAt } from './reading.ts'

/** `at` is a path into the referral; it holds if it holds of one of the values that stand there. */
export type Condition =
  | { any: readonly Condition[] }
  | { all: readonly Condition[] }
  | { not: Condition }
  /** Nothing stands there. */
  | { at: string; absent: true }
  /** One of these words. */
  | { at: string; is: readonly string[] }
  /** An object: a question whose yes carries details. */
  | { at: string; detailed: true }
  /** A date that can be, by the table of dates. */
  | { at: string; possible: true }
  /** Anything else than a date that can be. */
  | { at: string; impossible: true }
  /** A date that comes within so many hours, or came within the last 24 and `toleranceMinutes`. */
  | { at: string; withinHours: number }
  /** A date more than so many hours ago. */
  | { at: string; overHours: number }

const hour = 3_600_000
/**
 * Flights and courts run late. As long as a removal that is past can still be, by the table of dates: between
 * the two it would be no danger any more and no open question yet.
 */
const late = 24 * hour + toleranceMinutes * 60_000

/** Whether a condition holds. @param now - milliseconds since 1970 */
export function holds(condition: Condition, referral: Readable, now: number): boolean {
  if ('any' in condition) return condition.any.some((one) => holds(one, referral, now))
  if ('all' in condition) return condition.all.every((one) => holds(one, referral, now))
  if ('not' in condition) return !holds(condition.not, referral, now)
  const values = valuesAt(referral, condition.at).map(({ value }) => value)
  if ('absent' in condition) return values.length === 0
  return values.some((value) => holdsOf(condition, value, now))
}

function holdsOf(
  condition: Exclude<
    Condition,
    { any: unknown } | { all: unknown } | { not: unknown } | { absent: true }
  >,
  value: unknown,
  now: number,
): boolean {
  if ('is' in condition) return condition.is.some((word) => word === value)
  if ('detailed' in condition) return isDetails(value)
  if ('possible' in condition) return isPossible(condition.at, value, now)
  if ('impossible' in condition) return !isPossible(condition.at, value, now)
  const at = momentOf(value)
  if (at === undefined) return false
  if ('overHours' in condition) return now - at > condition.overHours * hour
  return at - now <= condition.withinHours * hour && now - at <= late
}

const boundsAt: ReadonlyMap<string, DateBounds> = new Map(
  dateBounds.map((bounds) => [bounds.at, bounds]),
)

function isPossible(path: string, value: unknown, now: number): boolean {
  const bounds = boundsAt.get(path)
  return momentOf(value) !== undefined && (!bounds || outside(bounds, value, now) === undefined)
}

function isDetails(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer)
}
