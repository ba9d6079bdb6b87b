/** Codes and times of the queue, as a person reads them. */
import { type ParkOptions, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { channels, regions, type Urgency, urgencies } from '../../referral/codes/clear.ts'
import { states } from '../../referral/codes/state.ts'
import { UsageError } from '../command.ts'

type Table = 'urgency' | 'region' | 'channel' | 'state'

const tables: Readonly<Record<Table, Readonly<Record<string, string>>>> = {
  urgency: urgencies,
  region: regions,
  channel: channels,
  state: states,
}

/** The label of a code; of a newer service's the code itself. */
export function labelOf(table: Table, code: string): string {
  const labels = tables[table]
  return shown(Object.hasOwn(labels, code) ? labels[code] : code)
}

/** The label of an urgency without what it asks for: `Immediate`. */
export function urgencyWord(code: Urgency | string): string {
  return labelOf('urgency', code).split(':')[0] ?? ''
}

/** `in 2 h 5 min` or, of what is past, `by 3 days`; under a minute, `now`. */
function spanOf(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000)
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60)]
  if (days >= 2) return `${days} days`
  if (hours >= 1) return `${hours} h${minutes % 60 > 0 ? ` ${minutes % 60} min` : ''}`
  return `${minutes} min`
}

/** `Due 2026-11-29 17:00:00, in 2 h 5 min`, or `Overdue since …, by …`. Times are of London. */
export function dueLine(dueAt: string, now: Date): string {
  const ms = new Date(dueAt).getTime() - now.getTime()
  return ms < 0
    ? `Overdue since ${londonTime(dueAt)}, by ${spanOf(ms)}`
    : `Due ${londonTime(dueAt)}, in ${spanOf(ms)}`
}

/** The same in a few columns: `in 2 h 5 min`, `overdue 3 days`. */
export function dueWords(dueAt: string, now: Date): string {
  const ms = new Date(dueAt).getTime() - now.getTime()
  return ms < 0 ? `overdue ${spanOf(ms)}` : `in ${spanOf(ms)}`
}

/** That messages about a referral wait to be read, and how; nothing where none does. */
export function unreadLines(unread: number, reference: string): string[] {
  if (!(unread > 0)) return []
  const count = unread === 1 ? 'One message' : `${unread} messages`
  return [`  ${count} not read yet: intake messages ${shown(reference)}`]
}

/** Cut to so many characters, and filled up to them. */
export function cell(text: string, columns: number): string {
  return (text.length > columns ? `${text.slice(0, columns - 1)}…` : text).padEnd(columns)
}

/**
 * The instant of `2026-11-29 17:00` by London's clock, or of an RFC 3339 time. Of an hour that comes twice in autumn,
 * the first.
 *
 * @throws UsageError for anything else, such as an hour that no clock shows in spring
 */
export function instantOf(name: string, given: string): string {
  const day = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})$/.exec(given)
  if (day) {
    const shownTime = `${day[1]} ${day[2]}:00`
    const asUtc = Date.parse(`${day[1]}T${day[2]}:00Z`)
    const found = [asUtc - 3_600_000, asUtc].find((at) => {
      return !Number.isNaN(at) && londonTime(new Date(at)) === shownTime
    })
    if (found !== undefined) return new Date(found).toISOString()
  }
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(given)
  if (isInstant && !Number.isNaN(Date.parse(given))) return new Date(given).toISOString()
  const forms = '"2026-11-29 17:00" by the clock of London, or 2026-11-29T17:00:00Z'
  throw new UsageError(`--${name} is a time such as ${forms}`)
}

const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August'],
  ...['September', 'October', 'November', 'December'],
]

/**
 * The instant at which what `given` names ends: of a day, `2026-12-24` or `24 December 2026`, its last second in
 * London; else as `instantOf`.
 *
 * @throws UsageError for anything else, also for a day that is in no calendar
 */
export function endOf(name: string, given: string): Date {
  const [, day = '', month = '', year = ''] = /^(\d{1,2}) ([a-z]+) (\d{4})$/i.exec(given) ?? []
  const number = months.findIndex((one) => one.toLowerCase() === month.toLowerCase()) + 1
  const twoDigits = (text: string) => text.padStart(2, '0')
  const date = number > 0 ? `${year}-${twoDigits(String(number))}-${twoDigits(day)}` : given
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(date)
  try {
    const end = Date.parse(instantOf(name, isDay ? `${date} 23:59` : date))
    return new Date(isDay ? end + 59_000 : end)
  } catch (cause) {
    const forms = '2026-12-24, "24 December 2026", "2026-12-24 17:00" by the clock of London'
    throw new UsageError(`--${name} is a day or a time such as ${forms}`, { cause })
  }
}

/** Why an item is parked. */
export const parkedWords: Readonly<Record<ParkOptions['reason'], string>> = {
  call_back: 'to be called back',
  returned_for_information: 'returned for information',
  waiting_list: 'on the waiting list',
  awaiting_consent: 'for consent',
  awaiting_documents: 'for documents',
  awaiting_interpreter: 'for an interpreter',
  awaiting_representative: 'for a representative',
}
