/** Compares what consumers were told with what the database says in the end. */
import type { Told } from './journal.ts'

/** What the database holds of an item when all is over. */
export type Kept = {
  readonly completed: boolean
  /** With which fence it was completed, where the queue keeps that. */
  readonly fence?: number
  /** How many completions the log tells of, and how many claims, where there is one. */
  readonly logged?: { readonly completions: number; readonly claims: number }
}

export type Verdict = {
  readonly items: number
  readonly completed: number
  /** Acknowledged and not there, or neither completed nor to be had by anybody. */
  readonly lost: string[]
  /** Completed twice, or held by two under one fence. */
  readonly doubled: string[]
  /** Completed by a holder after somebody else had been given the item. */
  readonly stale: string[]
  /** Given to somebody after a completion of it had been acknowledged. */
  readonly reopened: string[]
  /** Told to a consumer, and not in the log. */
  readonly unlogged: string[]
  /** Completions that were refused: others had been given the item. */
  readonly refused: number
  /** Claims of an item that somebody had been given before. */
  readonly again: number
}

/** All that was told of one item. */
type History = {
  /** By fence: who held it, and since when. */
  readonly holders: Map<number, { names: Set<string>; since: number }>
  /** By fence: when its completion was first acknowledged. */
  readonly completed: Map<number, number>
}

export function judge(
  journals: ReadonlyMap<string, readonly Told[]>,
  kept: ReadonlyMap<string, Kept>,
): Verdict {
  const histories = new Map<string, History>()
  let refused = 0
  for (const [name, told] of journals) {
    for (const { act, item, fence, at } of told) {
      const history = histories.get(item) ?? { holders: new Map(), completed: new Map() }
      histories.set(item, history)
      if (act === 'completed') {
        history.completed.set(fence, Math.min(at, history.completed.get(fence) ?? at))
      }
      if (act === 'refused') refused += 1
      if (act !== 'claimed') continue
      const holder = history.holders.get(fence) ?? { names: new Set(), since: at }
      history.holders.set(fence, {
        names: holder.names.add(name),
        since: Math.min(at, holder.since),
      })
    }
  }
  /** Whether it was given to somebody under a higher fence than that of a completion, before or after that. */
  const isOvertaken = ({ holders, completed }: History, when: 'before' | 'after') =>
    [...completed].some(([fence, at]) =>
      [...holders].some(
        ([other, { since }]) => other > fence && (when === 'before') === since <= at,
      ),
    )
  const those = (isSo: (history: History, item: string) => boolean) =>
    [...histories].filter(([item, history]) => isSo(history, item)).map(([item]) => item)
  const unfinished = [...kept].filter(([, { completed }]) => !completed).map(([item]) => item)
  const unkept = those(({ completed }, item) => !kept.has(item) && completed.size > 0)
  const doubledIn = [...kept].filter(([, { logged }]) => (logged?.completions ?? 1) > 1)
  return {
    items: kept.size,
    completed: kept.size - unfinished.length,
    lost: [...unfinished, ...unkept],
    doubled: [
      ...those(
        ({ holders, completed }) =>
          completed.size > 1 || [...holders.values()].some(({ names }) => names.size > 1),
      ),
      ...doubledIn.map(([item]) => item),
    ],
    stale: those((history) => isOvertaken(history, 'before')),
    reopened: those((history, item) => {
      const { completed } = history
      const last = kept.get(item)?.fence
      const isAnother = last !== undefined && [...completed.keys()].some((fence) => fence !== last)
      return isOvertaken(history, 'after') || isAnother
    }),
    unlogged: those(({ holders, completed }, item) => {
      const logged = kept.get(item)?.logged
      if (!logged) return false
      return logged.claims < holders.size || logged.completions < completed.size
    }),
    refused,
    again: those(({ holders }) => holders.size > 1).length,
  }
}
