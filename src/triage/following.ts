/** What became of items, for who follows it from a place of its own. */
import type { Tx } from '../database/connect.ts'
import { type ChangePlace, selectChange, selectChanges, selectFirstSince } from './store/changes.ts'

/** Behind which change a reader stands, and of which epoch that is (store/changes.ts). */
export type FollowedPlace = ChangePlace & { readonly epoch: string }

/** At most `count` changes behind `after`, and where to go on. Without a place there are none: it begins from now. */
export async function follow(tx: Tx, after: FollowedPlace | undefined, count: number) {
  const { epoch, horizon, outdated, rows } = await selectChanges(tx, after, count)
  // All below the horizon was seen.
  const last = rows.length === count ? rows.at(-1) : undefined
  const { position, id: number } = last ?? { position: horizon, id: '0' }
  const next: FollowedPlace = { epoch, position, number }
  // Whoever begins from now lacks nothing, whatever is forgotten.
  const isOutdated = after !== undefined && (outdated || after.epoch !== epoch)
  return { isOutdated, changes: rows, next }
}

/**
 * The place from which on a reader gets the changes since a time, or a change and those behind it.
 *
 * @returns `undefined` for a change that this cluster does not know, or no longer
 */
export async function placeBefore(
  tx: Tx,
  from: { readonly since: string } | { readonly epoch: string; readonly number: string },
): Promise<FollowedPlace | undefined> {
  const { next } = await follow(tx, undefined, 0)
  if ('since' in from) {
    const first = await selectFirstSince(tx, from.since)
    return first ? before(next.epoch, first) : next
  }
  const named = from.epoch === next.epoch ? await selectChange(tx, from.number) : undefined
  return named && before(next.epoch, named)
}

function before(epoch: string, { position, number }: ChangePlace): FollowedPlace {
  return { epoch, position, number: String(BigInt(number) - 1n) }
}
