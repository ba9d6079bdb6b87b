/** Times of London, in which people at the service count. */

const parts = new Intl.DateTimeFormat('en-CA', {
  ...{ timeZone: 'Europe/London', hourCycle: 'h23' },
  ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
})

/** `2026-11-29 06:26:28` of an instant, by London's clock. */
export function londonTime(at: string | Date): string {
  return parts.format(new Date(at)).replace(',', '')
}
