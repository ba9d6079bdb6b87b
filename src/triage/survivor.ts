/** Which of two open items survives when their cases are merged. Pure. */

/** An open item of a case, as far as that question needs it. */
export type Head = {
  readonly id: string
  readonly caseId: string
  /** Whether somebody holds it now. */
  readonly leased: boolean
  /** When its holder claimed it, in milliseconds of the database's clock; `null` if nobody did. */
  readonly claimedMs: number | null
  /** Whether it was escalated, or will be by the next claim. */
  readonly escalated: boolean
  readonly arrivedMs: number
}

/**
 * The item that survives: the one that is held, or that was claimed first where both are; else one
 * that waits on the queue rather than escalated; else the one that arrived first.
 */
export function survivorOf(one: Head, other: Head): Head {
  return compare(one, other) <= 0 ? one : other
}

function compare(a: Head, b: Head): number {
  return (
    Number(b.leased) - Number(a.leased) ||
    (a.leased ? (a.claimedMs ?? 0) - (b.claimedMs ?? 0) : 0) ||
    Number(a.escalated) - Number(b.escalated) ||
    a.arrivedMs - b.arrivedMs ||
    (a.id < b.id ? -1 : 1)
  )
}
