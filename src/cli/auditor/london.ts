/** Days of London as they are given to a command. */
import { londonTime } from '../../client/london.ts'
import { UsageError } from '../command.ts'

/**
 * What `--name` gives as the service takes it: a day of London, or an instant. `today` and `yesterday` are
 * days.
 *
 * @throws UsageError for anything else
 */
export function dayOf(name: string, given: string, now: Date): string {
  const today = londonTime(now).slice(0, 10)
  if (given === 'today') return today
  if (given === 'yesterday') {
    // By the calendar: a day is not always 24 hours.
    const date = new Date(`${today}T00:00:00Z`)
    date.setUTCDate(date.getUTCDate() - 1)
    return date.toISOString().slice(0, 10)
  }
  if (/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z)?$/.test(given)) return given
  throw new UsageError(
    `--${name} is today, yesterday, a day such as 2026-11-29, or 2026-11-29T09:30:00Z`,
  )
}
