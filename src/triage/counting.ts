/** The step that counts the queue, for the people who run the service. */
import type { Database } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { newId } from '../protocol/uuid.ts'
import type { Urgency } from '../referral/codes/clear.ts'
import type { ItemState } from './state.ts'
import { selectFigures, selectUntidiness } from './store/figures.ts'

/** The queue at one moment, of all replicas. */
export type QueueFigures = {
  /** Open items by state. */
  readonly items: Readonly<Record<ItemState, number>>
  /** Those that wait past their deadline. */
  readonly overdue: number
  /** By urgency, for how long the referral has waited that arrived first of those that nobody holds; 0 without one. */
  readonly oldestSeconds: Readonly<Record<Urgency, number>>
  /** The age of the oldest snapshot for which dead rows are kept. Not a number where that is not to be seen. */
  readonly snapshotSeconds: number
  /** Dead rows of the table of items, as PostgreSQL estimates them. */
  readonly deadRows: number
}

/** Of one claim that was answered, whatever it found. */
export type Claimed = {
  /** What its transaction took. Waiting for work is no part of it. */
  readonly seconds: number
  readonly items: number
  /** So many of the items were leased before, and that lease expired. */
  readonly lapsed: number
}

const everyMs = 5_000

/** So many times as long as a count took there is none, so that it has a twentieth of one connection's time at most. */
const restTimes = 19

/**
 * Counts at most every five seconds, on each replica, whoever looks at the figures and however often. A count
 * that fails is not made more often either.
 */
export function createCounting(
  database: Database,
  onCounted: (figures: QueueFigures) => void,
): Step {
  let notBefore = 0
  return {
    name: 'counting the queue',
    isUnwoken: true,
    async run() {
      const begun = performance.now()
      if (begun < notBefore) return false
      try {
        const caller = { kind: 'system', request: newId() } as const
        onCounted(
          await database.inTransaction(caller, async (tx) => {
            const rows = await selectFigures(tx)
            return figuresOf(rows, await selectUntidiness(tx))
          }),
        )
      } finally {
        const ended = performance.now()
        notBefore = ended + Math.max(everyMs, (ended - begun) * restTimes)
      }
      return false
    },
  }
}

function figuresOf(
  rows: Awaited<ReturnType<typeof selectFigures>>,
  { snapshotSeconds, deadRows }: Awaited<ReturnType<typeof selectUntidiness>>,
): QueueFigures {
  const items: Record<ItemState, number> = { waiting: 0, leased: 0, escalated: 0, parked: 0 }
  for (const row of rows) items[row.state] = row.items
  const unheld = rows.filter(({ state }) => state === 'waiting' || state === 'escalated')
  const oldestOf = (urgency: Urgency) =>
    Math.max(0, ...unheld.map(({ waits }) => waits[urgency] ?? 0))
  return {
    items,
    overdue: rows.find(({ state }) => state === 'waiting')?.overdue ?? 0,
    oldestSeconds: {
      immediate: oldestOf('immediate'),
      urgent: oldestOf('urgent'),
      soon: oldestOf('soon'),
      standard: oldestOf('standard'),
    },
    snapshotSeconds: snapshotSeconds ?? Number.NaN,
    deadRows,
  }
}
