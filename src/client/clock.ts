/**
 * Two clocks: the referrer's and the service's. Rules that count hours are only as good as the clock
 * they count by, and neither can be believed alone: a laptop may be a month behind, a hostile server
 * may say what it likes. So both are tried, and the graver result stands.
 */

/** Further apart than clocks that are kept, in milliseconds. */
const skewMsMax = 5 * 60_000

/** The service's clock differs from this one. */
export type ClockSkew = {
  /** How far it is ahead, in milliseconds; negative where it is behind, NaN where its date cannot be read. */
  readonly aheadMs: number
}

/**
 * The moments to judge by: now, and what the service calls now where that differs by over 5 minutes.
 *
 * @param aheadMs - how far the service's clock is ahead; `undefined` where it has not answered
 */
export function momentsOf(now: Date, aheadMs: number | undefined): [Date, ...Date[]] {
  if (aheadMs === undefined || !isSkewed(aheadMs)) return [now]
  return [now, new Date(now.getTime() + aheadMs)]
}

/** Whether the clocks differ by over 5 minutes. */
function isSkewed(aheadMs: number): boolean {
  return Math.abs(aheadMs) > skewMsMax
}

/** Tells once where the clocks differ. @param aheadMs - how far the service's is ahead, if it is known */
export function tellingOnce(
  aheadMs: () => number | undefined,
  onClockSkew: (skew: ClockSkew) => void,
): () => void {
  let isTold = false
  return () => {
    const ahead = aheadMs()
    if (isTold || ahead === undefined) return
    if (!Number.isNaN(ahead) && !isSkewed(ahead)) return
    isTold = true
    onClockSkew({ aheadMs: ahead })
  }
}

/** The difference in words: `your clock is 2 hours behind the service's`. */
export function wordsOfSkew({ aheadMs }: ClockSkew): string {
  if (Number.isNaN(aheadMs)) return 'the service shows a date that cannot be read'
  const minutes = Math.round(Math.abs(aheadMs) / 60_000)
  const spans: [unit: string, minutes: number][] = [
    ['days', 1440],
    ['hours', 60],
    ['minutes', 1],
  ]
  const [unit, each] = spans.find(([, each]) => minutes >= 2 * each) ?? ['minutes', 1]
  const side = aheadMs > 0 ? 'behind' : 'ahead of'
  return `your clock is ${Math.round(minutes / each)} ${unit} ${side} the service's`
}

/** What to do where nobody listens to a referrer's client. */
export function warnOfSkew(skew: ClockSkew): void {
  const by = Number.isNaN(skew.aheadMs) ? 'your clock alone' : 'both'
  console.warn(`${wordsOfSkew(skew)}: urgency is judged by ${by}`)
}

/** The same of a recipient's. */
export function warnReaderOfSkew(skew: ClockSkew): void {
  console.warn(`${wordsOfSkew(skew)}: what you state of urgency is refused`)
}
