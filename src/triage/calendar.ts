/**
 * Working days of England and Wales, by London's clock: when an item is due. Pure; the instants come from the
 * database's clock.
 */
import type { Urgency } from '../referral/codes/clear.ts'
import { bankHolidays } from './bankholidays.ts'
import { allowances } from './lease.ts'

/** From when and how urgently somebody waits, and until when an answer is wanted. */
export type Wait = {
  readonly arrivedAt: Date
  readonly urgency: Urgency
  /** A day, `yyyy-mm-dd`. */
  readonly respondBy?: string | undefined
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A working day ends at 17:00 in London. */
const closingMs = 17 * hourMs
/** So long before the first of them is counted, somebody is told to add a year. */
const aheadMs = 90 * dayMs
/** No row of holidays is as long; an end for a day near that of the calendar. */
const skippedDaysMax = 31

/**
 * When somebody who waits so should have been claimed: the earlier of arrival plus the allowance of the
 * urgency, and 17:00 in London on the last working day before `respondBy`. The latter counts only from
 * arrival plus the allowance of `immediate` on, so that no date, however near, past or absurd, stands before
 * an `immediate` referral that arrived earlier.
 */
export function dueAt({ arrivedAt, urgency, respondBy }: Wait): Date {
  const allowed = allowedAt(arrivedAt, urgency)
  if (respondBy === undefined) return allowed
  const wanted = instantOf(workingDayBefore(Date.parse(respondBy)) + closingMs)
  const earliest = allowedAt(arrivedAt, 'immediate').getTime()
  return new Date(Math.min(allowed.getTime(), Math.max(earliest, wanted)))
}

/** The same as the database writes it, which has `null` for no day. */
export function dueText(wait: {
  readonly arrivedAt: string
  readonly urgency: Urgency
  readonly respondBy: string | null
}): string {
  const { arrivedAt, urgency, respondBy } = wait
  const due = dueAt({ arrivedAt: new Date(arrivedAt), urgency, respondBy: respondBy ?? undefined })
  return due.toISOString()
}

/**
 * Hours go by the clock. Of working days it is so many later at the same time of day, by 17:00 at the
 * latest; what comes after 17:00 or on another day came at 17:00 of the working day before, so that
 * nobody overtakes who came earlier.
 */
function allowedAt(arrivedAt: Date, urgency: Urgency): Date {
  const allowance = allowances[urgency]
  if ('hours' in allowance) return new Date(arrivedAt.getTime() + allowance.hours * hourMs)
  const arrived = wallOf(arrivedAt.getTime())
  let day = arrived - (arrived % dayMs)
  // The next working day after a day off is that after the working day before it.
  const time = isWorkingDay(day) ? Math.min(arrived - day, closingMs) : closingMs
  for (let left = allowance.workingDays; left > 0; left -= 1) day = workingDay(day, dayMs)
  return new Date(instantOf(day + time))
}

/** The year whose bank holidays are missing where days will soon be counted: they count as working days then. */
export function yearWithoutHolidays(now: Date): number | undefined {
  const year = new Date(now.getTime() + aheadMs).getUTCFullYear()
  return bankHolidays[year] ? undefined : year
}

function workingDayBefore(day: number): number {
  return workingDay(day, -dayMs)
}

/** The next working day in a direction. */
function workingDay(day: number, step: number): number {
  let at = day + step
  for (let skipped = 0; !isWorkingDay(at) && skipped < skippedDaysMax; skipped += 1) at += step
  return at
}

const holidays = new Set(Object.values(bankHolidays).flatMap((days) => Object.keys(days)))

/** @param day - the milliseconds of its midnight, as if London had UTC */
function isWorkingDay(day: number): boolean {
  const date = new Date(day)
  return date.getUTCDay() % 6 !== 0 && !holidays.has(date.toISOString().slice(0, 10))
}

const clock = new Intl.DateTimeFormat('en-GB', {
  ...{ timeZone: 'Europe/London', hourCycle: 'h23' },
  ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
  ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
})

/** What London's clock shows at an instant, in milliseconds as if it were UTC. */
function wallOf(at: number): number {
  const shown = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, +value]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second) + (at % 1000)
}

/** When London's clock shows this. On a working day it shows each time once: it is set on Sundays. */
function instantOf(wall: number): number {
  return wall - (wallOf(wall) - wall)
}
