/** The parts of a birth date that match keys are made of: docs/PROTOCOL.md, "Match keys". */

/** A birth date in the forms that outlive the ways in which dates are written wrongly. */
export type Birth = {
  /** `1990`. */
  readonly year: string
  /** Absent where the day and month are not known. */
  readonly day?: {
    /** `1990-03-04`: the year, then day and month, the smaller first. */
    readonly D: string
    /** `03-04`. */
    readonly MD: string
    /** `00013499`: the eight digits sorted. */
    readonly SD: string
    /** Whether it is 1 January, which is mostly an invention: whoever knows no date is given it. */
    readonly first: boolean
  }
}

/** More dates than this one person has on record only by mistake. */
const birthsMax = 3

/**
 * Reads the birth dates of a person, of whom the Home Office may have another: the first three, each
 * once. Of two of one year neither is left out, for they are different days.
 */
export function birthsOf(
  birth: { date?: string; year?: number; otherDates?: readonly string[] } | undefined,
): Birth[] {
  const first = birthOf(birth)
  const others = (birth?.otherDates ?? []).flatMap((date) => birthOf({ date }) ?? [])
  const unlike = new Map([...(first ? [first] : []), ...others].map((it) => [textOf(it), it]))
  return [...unlike.values()].slice(0, birthsMax)
}

function textOf({ year, day }: Birth): string {
  return day ? `${day.D} ${day.SD}` : year
}

/**
 * Reads a birth date. One that is in no calendar counts as not given, and then the year alone, if it
 * is given, stands.
 *
 * @param birth - `date` as `yyyy-mm-dd`, `year` a number of four digits
 * @returns `undefined` where not even the year is known
 */
export function birthOf(birth: { date?: string; year?: number } | undefined): Birth | undefined {
  const { date, year } = birth ?? {}
  if (date !== undefined && isDay(date)) return whole(date)
  const isYear = year !== undefined && /^[1-9][0-9]{3}$/.test(String(year))
  return isYear ? { year: String(year) } : undefined
}

function whole(date: string): Birth {
  const [year, month, day] = [date.slice(0, 4), date.slice(5, 7), date.slice(8)]
  const MD = [month, day].sort().join('-')
  return {
    year,
    day: {
      D: `${year}-${MD}`,
      MD,
      SD: [...(year + month + day)].sort().join(''),
      first: MD === '01-01',
    },
  }
}

function isDay(date: string): boolean {
  if (!/^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$/.test(date)) return false
  const moment = Date.parse(`${date}T00:00:00Z`)
  // A 30 February is read by some engines as 2 March.
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(date)
}
