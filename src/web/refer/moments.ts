/** Moments in words, in London's time: the person is held there, and whoever helps from abroad is told of it. */
import { spoken } from './texts.ts'

const timeZone = 'Europe/London'

/** `29 November 2026` */
export function dayOf(moment: string): string {
  return words(moment, { dateStyle: 'long' })
}

/** `29 November 2026 at 21:30` */
export function timeOf(moment: string): string {
  return words(moment, { dateStyle: 'long', timeStyle: 'short' })
}

function words(moment: string, form: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(spoken().code, { ...form, timeZone }).format(new Date(moment))
}
