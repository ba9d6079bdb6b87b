/** When a message is tried again (Standard Webhooks, "Deliverability and reliability"). Pure. */

/** Before the second try, the third and so on; the first is made at once. After the tenth there is none. */
const delaysSeconds = [
  5,
  5 * 60,
  30 * 60,
  2 * 3600,
  5 * 3600,
  10 * 3600,
  14 * 3600,
  20 * 3600,
  24 * 3600,
]

/** How often a message is tried. */
export const triesMax = delaysSeconds.length + 1

/** However long a receiver asks to be left alone. */
const retryAfterSecondsMax = 24 * 3600

/** Many that failed at once do not come back at once: up to a tenth more, by chance. */
const jitter = 0.1

/**
 * How long to wait after a try that failed.
 *
 * @param tries - how many have failed, from 1
 * @param retryAfterSeconds - what the receiver asked for: it is waited for at least so long, and at most a day
 * @param chance - from 0 to 1
 * @returns `undefined` after the last
 */
export function delaySeconds(
  tries: number,
  retryAfterSeconds: number | undefined,
  chance: number,
): number | undefined {
  const delay = delaysSeconds[tries - 1]
  if (delay === undefined) return undefined
  const asked = Math.min(retryAfterSeconds ?? 0, retryAfterSecondsMax)
  return Math.max(delay, asked) * (1 + jitter * chance)
}

/**
 * The seconds of a `Retry-After` (RFC 9110, section 10.2.3), which is a number of them or a date. `undefined` for
 * anything else, and for what is over.
 */
export function readRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000
  return seconds > 0 ? seconds : undefined
}
