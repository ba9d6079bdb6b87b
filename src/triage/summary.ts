/** The queue in a few figures, for whoever watches it. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { type CountedRow, countItems } from './store/summary.ts'
import type { Figures, Summary } from './watchingschemas.ts'

type Counted = readonly CountedRow[]
type Answer = Static<typeof Summary>

/** Asked more often, it gives the same figures again. */
const keptMsMin = 1_000

/** So many times as long as a count took there is none: it has a twentieth of one connection's time at most. */
const restTimes = 19

/**
 * The door of the summary. A count reads every open item, so each replica keeps the last one for a while, and all who
 * ask while it is made get the same.
 */
export function createSummary(database: Database): (caller: KnownCaller) => Promise<Answer> {
  let kept: { readonly answer: Answer; readonly until: number } | undefined
  let counting: Promise<Answer> | undefined

  async function count(): Promise<Answer> {
    const begun = performance.now()
    const caller = { kind: 'system', request: newId() } as const
    const answer = await database.inTransaction(caller, async (tx) =>
      summaryOf(await countItems(tx), tx.now),
    )
    const ended = performance.now()
    kept = { answer, until: ended + Math.max(keptMsMin, (ended - begun) * restTimes) }
    return answer
  }

  return async (caller) => {
    const isKept = kept !== undefined && performance.now() < kept.until
    if (!isKept) {
      counting ??= count().finally(() => {
        counting = undefined
      })
    }
    const answer = isKept && kept ? kept.answer : await counting
    await database.inTransaction(caller, (tx) => append(tx, { action: 'triage.counted' }))
    return answer as Answer
  }
}

function summaryOf(rows: Counted, now: Date): Answer {
  const ofUrgency = (urgency: string) => figuresOf(rows.filter((row) => row.urgency === urgency))
  return {
    at: now.toISOString(),
    ...figuresOf(rows),
    byUrgency: {
      immediate: ofUrgency('immediate'),
      urgent: ofUrgency('urgent'),
      soon: ofUrgency('soon'),
      standard: ofUrgency('standard'),
    },
    byRegion: [...new Set(rows.map(({ region }) => region))].sort().map((region) => ({
      region,
      ...figuresOf(rows.filter((row) => row.region === region)),
    })),
  }
}

function figuresOf(rows: Counted): Static<typeof Figures> {
  const of = (state: string) => rows.filter((row) => row.state === state)
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  const [waiting, leased, escalated, parked] = ['waiting', 'leased', 'escalated', 'parked'].map(
    (state) => sum(of(state).map(({ items }) => items)),
  ) as [number, number, number, number]
  const [oldest] = [...of('waiting'), ...of('escalated')].map(({ since }) => since).sort()
  return {
    ...{ waiting, leased, escalated, parked },
    ...{ overdue: sum(of('waiting').map(({ overdue }) => overdue)) },
    ...(oldest !== undefined && { waitingSince: oldest }),
  }
}
