/**
 * When an item is due, as docs/LIFE-OF-A-REFERRAL.md has it, by steps of one day and of one hour: a second
 * implementation, for models.
 */
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { bankHolidays } from '../../src/triage/bankholidays.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const holidays = Object.values(bankHolidays).flatMap((year) => Object.keys(year))

type Arrival = { at: number; urgency: Urgency; respondBy?: string | undefined }

export function dueMs({ at, urgency, respondBy }: Arrival): number {
  const allowed = allowedMs(at, urgency)
  if (respondBy === undefined) return allowed
  const day = new Date(`${respondBy}T12:00:00Z`)
  do day.setUTCDate(day.getUTCDate() - 1)
  while (!isWorking(day))
  return Math.min(allowed, Math.max(at + hourMs, timeOf(day, '17:00:00')))
}

function allowedMs(at: number, urgency: Urgency): number {
  if (urgency === 'immediate') return at + hourMs
  if (urgency === 'urgent') return at + 4 * hourMs
  const [shownDay = '', shown = ''] = shownAt(at)
  const day = new Date(`${shownDay}T12:00:00Z`)
  let time = shown < '17:00:00' ? shown : '17:00:00'
  while (!isWorking(day)) {
    day.setUTCDate(day.getUTCDate() - 1)
    time = '17:00:00'
  }
  let left = urgency === 'soon' ? 1 : 5
  while (left > 0) {
    day.setUTCDate(day.getUTCDate() + 1)
    if (isWorking(day)) left -= 1
  }
  const whole = time === '17:00:00' ? 0 : at % 1000
  return timeOf(day, time) + whole
}

function isWorking(day: Date): boolean {
  const name = day.toUTCString().slice(0, 3)
  return name !== 'Sat' && name !== 'Sun' && !holidays.includes(day.toISOString().slice(0, 10))
}

const clock = new Intl.DateTimeFormat('sv-SE', {
  ...{ timeZone: 'Europe/London', dateStyle: 'short', timeStyle: 'medium' },
})

/** The day and the time that London's clock shows. */
function shownAt(at: number): string[] {
  return clock.format(at).split(' ')
}

/** When London's clock shows this time on that day: it is that of UTC, or an hour ahead. */
function timeOf(day: Date, time: string): number {
  const date = day.toISOString().slice(0, 10)
  const asUtc = Date.parse(`${date}T${time}Z`)
  const found = [asUtc, asUtc - hourMs].find((at) => shownAt(at).join(' ') === `${date} ${time}`)
  // Before there was a time of zones: days so long ago that the rule does not use them.
  return found ?? asUtc - dayMs
}
