/** One item that is held: its lease is renewed until the work on it has ended. */
import type { Claiming, Lease } from './claiming.ts'
import { backoffMs, isLeaseLost, jittered, pause } from './pacing.ts'
import type { Claim, Renewal } from './schemas.ts'

/** What became of an item while it was worked on, as its last renewal told it. */
export type News = Pick<Renewal, 'changed' | 'referralIds' | 'urgency' | 'dueAt'>

export type Held = {
  /** Aborted with the ServiceProblem `lease-lost` as soon as that is known. */
  readonly lost: AbortSignal
  /** Whoever listens is told the newest that there was before, too. */
  onNews(listener: (news: News) => void): void
  /** Renews no more. What a renewal still under way answers is of no account. */
  end(): void
}

export type Holding = {
  readonly renew: Claiming['renew']
  readonly leaseSeconds: number
  /** When the claim was sent, by `performance.now()`: the lease began no earlier. */
  readonly sentAt: number
  /** At which part of the lease it is renewed, 0 to 1. */
  readonly renewShare: number
  readonly onTrouble: (error: unknown) => void
}

const retryMsFirst = 500
const retryMsMost = 5_000

/**
 * Renews the lease of `claim` again and again, well before it ends, until `end` is called. What passes is tried
 * again, also past the end of the lease: until somebody else claims it, the item is still this client's.
 */
export function hold(claim: Claim, { renew, leaseSeconds, sentAt, ...rest }: Holding): Held {
  const { renewShare, onTrouble } = rest
  const [ended, lost] = [new AbortController(), new AbortController()]
  const listeners: ((news: News) => void)[] = []
  let told: News | undefined

  function hear({ changed, referralIds, urgency, dueAt }: News): void {
    const news = { changed, referralIds: referralIds.toSorted(), urgency, dueAt }
    // Until it has changed all is as it was claimed; then it stays changed, and may change again.
    if (!changed || JSON.stringify(news) === JSON.stringify(told)) return
    told = news
    for (const listener of listeners) tell(listener, news)
  }

  function tell(listener: (news: News) => void, news: News): void {
    try {
      listener(news)
    } catch (error) {
      onTrouble(error)
    }
  }

  async function keep(): Promise<void> {
    let faults = 0
    let since = sentAt
    while (!ended.signal.aborted) {
      const dueMs = since + jittered(leaseSeconds * 1000 * renewShare) - performance.now()
      await pause(faults > 0 ? backoffMs(faults, retryMsFirst, retryMsMost) : dueMs, ended.signal)
      if (ended.signal.aborted) return
      const asked = performance.now()
      try {
        const news = await renew(claim satisfies Lease, leaseSeconds)
        ;[faults, since] = [0, asked]
        if (!ended.signal.aborted) hear(news)
      } catch (error) {
        if (ended.signal.aborted) return
        if (isLeaseLost(error)) return lost.abort(error)
        faults += 1
        onTrouble(error)
      }
    }
  }

  void keep()
  return {
    lost: lost.signal,
    onNews(listener) {
      listeners.push(listener)
      if (told) tell(listener, told)
    },
    end: () => ended.abort(),
  }
}
