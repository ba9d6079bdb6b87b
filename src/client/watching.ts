/** Watching the queue without claiming: what there is, how much, and what becomes of it. */
import type { TSchema } from 'typebox'
import type { Channel, Region, Urgency } from '../referral/codes/clear.ts'
import { BadAnswer, ServiceProblem } from './failure.ts'
import { wellTyped } from './naming.ts'
import { backoffMs, jittered, passes, pause } from './pacing.ts'
import {
  type Changes,
  ChangesAnswer,
  type Items,
  ItemsAnswer,
  readAnswer,
  type Summary,
  SummaryAnswer,
} from './schemas.ts'
import type { Transport } from './transport.ts'

/** What became of items since the page before. */
export type ChangesPage = Changes & {
  /**
   * Whether it begins here, without a `since`, or because that one is too old: what was before is in no page. List the
   * items now, and go on: so nothing falls between the two.
   */
  readonly isBeginning: boolean
}

export type ChangesOptions = {
  /** `next` of the last page that was dealt with, kept somewhere. If left out it begins now. */
  readonly since?: string
  /** It ends when this is aborted. */
  readonly signal?: AbortSignal
  /** Told what failed and is tried again. */
  readonly onTrouble?: (error: unknown) => void
}

/** Which items, all in one state. */
export type ItemsQuery = {
  readonly state: 'waiting' | 'leased' | 'escalated' | 'parked'
  readonly region?: Region
  readonly urgency?: Urgency
  readonly channel?: Channel
  readonly organisation?: string
  readonly unverified?: boolean
  readonly dueBefore?: string
  /** Leased so often, or more often: where one holder after the other fails. */
  readonly attemptsMin?: number
  readonly caseId?: string
  readonly referral?: string
  readonly cursor?: string
  readonly limit?: number
}

/** @see createWatching */
export type Watching = {
  /**
   * What becomes of items, page after page and as soon as there is something: each change at least once, in order
   * within a case. It keeps its place, waits out what passes, and begins anew where its place is too old.
   *
   * @throws ServiceProblem for what neither time nor another try mends
   */
  changes(options?: ChangesOptions): AsyncGenerator<ChangesPage, void, void>
  /** The items counted, as they were some seconds ago (`at`). */
  summary(): Promise<Summary>
  /** A page of open items, those due first, without claiming or opening any. */
  items(query: ItemsQuery): Promise<Items>
}

const waitSeconds = 20
const faultMs = [1_000, 60_000] as const
const betweenMs = 1_000

/** The part of a reader that watches. */
export function createWatching(transport: Transport): Watching {
  async function get<Schema extends TSchema>(
    schema: Schema,
    name: string,
    query: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ) {
    const asked = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) asked.set(key, String(value))
    }
    const path = `/v1/triage/${name}${asked.size > 0 ? `?${asked}` : ''}`
    const answer = await transport.send({ method: 'GET', path, repeatable: true, signal })
    return readAnswer(schema, answer, `GET /v1/triage/${name}`)
  }

  async function* changes({ since, signal, onTrouble }: ChangesOptions = {}) {
    let [faults, losses] = [0, 0]
    let waits = true
    while (!signal?.aborted) {
      const asked = performance.now()
      let page: Changes
      try {
        const query = { since, waitSeconds: waits ? waitSeconds : 0 }
        page = await get(ChangesAnswer, 'changes', query, signal)
        if (page.changes.length > 0 && page.next === since) {
          throw new BadAnswer('the answer to GET /v1/triage/changes leads to itself')
        }
      } catch (error) {
        if (signal?.aborted) return
        const { status, code } = error instanceof ServiceProblem ? error.problem : {}
        if (code === 'cursor-outdated' && since !== undefined) {
          since = undefined
          losses += 1
          // The first time at once. A service that knows its own places no more would go on for ever.
          if (losses > 1) await pause(backoffMs(losses - 1, ...faultMs), signal)
          continue
        }
        if (!passes(error)) throw error
        // Only so many of one client may wait.
        waits = status !== 429
        onTrouble?.(error)
        faults += 1
        await pause(backoffMs(faults, ...faultMs), signal)
        continue
      }
      ;[faults, waits] = [0, true]
      const isBeginning = since === undefined
      if (!isBeginning) losses = 0
      since = page.next
      if (isBeginning || page.changes.length > 0) yield { ...page, isBeginning }
      // A service that ends answers at once.
      else await pause(jittered(betweenMs) - (performance.now() - asked), signal)
    }
  }

  return {
    changes,
    summary: () => get(SummaryAnswer, 'summary', {}),
    items: ({ referral, ...query }) =>
      get(ItemsAnswer, 'items', {
        ...query,
        ...(referral !== undefined && { referral: wellTyped(referral) }),
      }),
  }
}
