/**
 * Between which days each date of a referral can lie. A year off, a day and month exchanged, or a
 * clock that is wrong makes a person look safer than they are: food refused "since" next month is
 * no refusal to a rule that counts hours. So such a date is named to whoever types it and whoever
 * reads it, and a safety question that was answered with it counts as not asked.
 *
 * `openapi/urgency-rules.json` publishes the table.
 */
import { Check } from 'typebox/schema'
import { when } from './fields/text.ts'
import type { Problem } from './problems.ts'
import { type Readable, valuesAt } from './reading.ts'

const hour = 3_600_000
const day = 24 * hour

/**
 * How far beyond its bounds a date may lie, in minutes: an hour for British Summer Time, in which
 * people write what they call UTC, and 5 minutes between clocks.
 */
export const toleranceMinutes = 65

/** One date of the schema. Days are of 24 hours, counted from the moment of the check. */
export interface DateBounds {
  /** Where it stands, in a referral or a draft; `*` is each item of a list. */
  at: string
  /** How many days ago it may lie; `null` is any. */
  pastDays: number | null
  /** How many days ahead it may lie. */
  futureDays: number
  /** The first day that it may be. */
  notBefore?: string
  /** What follows from one that lies elsewhere, beside being named. */
  effect?: string
}

const notAsked = 'The question counts as not asked.'
const passed = 'With a pregnancy, the 72 hours count as passed.'
const calendar = 'It may be of another calendar. It is kept.'

const decadeDays = 3_653
const lifetimeDays = 36_525
const yearDays = 366
const todayOnly = 0
/** The moment at which a day begins is up to a day ago while it lasts. */
const today = 1

/** Every date of a referral, in the order of the compartments. */
export const dateBounds: readonly DateBounds[] = [
  ...['/date', '/otherDates/*', '/year'].map(
    (field): DateBounds => ({
      at: `/identity/dateOfBirth${field}`,
      pastDays: null,
      futureDays: todayOnly,
      notBefore: '1900-01-01',
      effect: calendar,
    }),
  ),
  { at: '/consent/given/*/on', pastDays: decadeDays, futureDays: todayOnly },
  { at: '/detention/places/*/from', pastDays: lifetimeDays, futureDays: todayOnly, effect: passed },
  // A transfer or a release that is announced.
  { at: '/detention/places/*/to', pastDays: lifetimeDays, futureDays: yearDays },
  { at: '/detention/detainedSince', pastDays: lifetimeDays, futureDays: todayOnly, effect: passed },
  { at: '/legal/removal/noticeOfIntention', pastDays: decadeDays, futureDays: todayOnly },
  // Directions are set weeks ahead. Half a year, so that one of next year's is seen to be a year off.
  { at: '/legal/removal/removalAt', pastDays: 1, futureDays: 183, effect: notAsked },
  // The last hearing is asked for, so the past is ordinary.
  { at: '/legal/hearings/*/at', pastDays: 2 * decadeDays, futureDays: 731 },
  { at: '/legal/bail/hearingAt', pastDays: 2 * decadeDays, futureDays: 731 },
  // Since when it stands there; an appointment lies ahead.
  { at: '/legal/rule35/*/on', pastDays: decadeDays, futureDays: yearDays },
  // 44 weeks: none lasts longer.
  { at: '/clinical/pregnancy/since', pastDays: 308, futureDays: todayOnly, effect: notAsked },
  { at: '/clinical/foodRefusalSince', pastDays: 183, futureDays: todayOnly, effect: notAsked },
  { at: '/clinical/fluidRefusalSince', pastDays: 14, futureDays: todayOnly, effect: notAsked },
  { at: '/clinical/medicationStopped/*/since', pastDays: decadeDays, futureDays: todayOnly },
  { at: '/clinical/useOfForce/on', pastDays: 2 * decadeDays, futureDays: todayOnly },
  { at: '/narrative/neededBy', pastDays: today, futureDays: 731 },
]

/** The day by which an answer is of use stands in the draft, beside the referral. */
export const respondByBounds: DateBounds = {
  at: '/respondBy',
  pastDays: today,
  futureDays: yearDays,
}

/** The dates of a referral that cannot be, with pointers into it. Passes over what is no date. */
export function dateProblems(referral: Readable, now: Date): Problem[] {
  return dateBounds.flatMap((bounds) => {
    return valuesAt(referral, bounds.at).flatMap(({ pointer, value }) => {
      const detail = outside(bounds, value, now.getTime())
      return detail === undefined ? [] : [{ pointer, detail }]
    })
  })
}

/**
 * How a date lies outside of its bounds, in a sentence that follows its pointer.
 *
 * @param now - milliseconds since 1970
 * @returns `undefined` within the bounds, and for what is no date
 */
export function outside(bounds: DateBounds, value: unknown, now: number): string | undefined {
  const at = momentOf(value)
  if (at === undefined) return undefined
  const how = howOutside(bounds, at, now)
  return how && [`${how}.`, bounds.effect].filter(Boolean).join(' ')
}

function howOutside(bounds: DateBounds, at: number, now: number): string | undefined {
  const { pastDays, futureDays, notBefore } = bounds
  const tolerance = toleranceMinutes * 60_000
  if (notBefore !== undefined && at < Date.parse(notBefore)) return `lies before ${notBefore}`
  if (at - now > futureDays * day + tolerance)
    return futureDays === 0 ? 'lies in the future' : `lies more than ${futureDays} days ahead`
  if (pastDays === null || now - at <= pastDays * day + tolerance) return undefined
  return pastDays <= 1 ? 'lies in the past' : `lies more than ${pastDays} days ago`
}

const Moment = when('')

/**
 * The moment that an answer names, in milliseconds since 1970: of a day its first in UTC, of a year
 * (a number) its first. `undefined` for anything else, and for a day that no calendar has.
 */
export function momentOf(answer: unknown): number | undefined {
  if (typeof answer === 'number') {
    const isYear = Number.isInteger(answer) && answer >= 1000 && answer <= 9999
    return isYear ? Date.UTC(answer, 0, 1) : undefined
  }
  if (!Check(Moment, answer)) return undefined
  const at = Date.parse(answer)
  // A leap second is a moment to RFC 3339 and none to JavaScript.
  return Number.isNaN(at) ? undefined : at
}
