/** What the words of an `intake admin` call must be. */
import { UsageError } from '../command.ts'

/** The kind of a client. @throws UsageError for any other word */
export function kindIn(kind: string | undefined) {
  if (kind === 'partner' || kind === 'internal' || kind === 'auditor') return kind
  throw new UsageError('--kind is partner, internal or auditor')
}

/** What was given as `name`. @throws UsageError where nothing was */
export function needed(value: string | undefined, name: string): string {
  if (!value) throw new UsageError(`${name} is missing`)
  return value
}

/** The whole number from 1 to `max` that `name` was given as. @throws UsageError where it is none */
export function wholeIn(text: string, name: string, max: number): number {
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= 1 && number <= max) return number
  throw new UsageError(`${name} is a whole number from 1 to ${max}`)
}

/** The moment that `name` was given as. @throws UsageError where it is none */
export function moment(text: string, name: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(`${name} is no time such as 2026-11-22T09:00:00Z`)
  }
  return date
}
