/**
 * The step that forgets what has expired by itself: ids which counted once, keys of claims, what became of items, wraps
 * whose grant has ended; and that makes what came with a backup of another cluster be read as changed.
 */
import type { Database } from '../database/connect.ts'
import { elect, type Step } from '../database/lock.ts'
import { forgetExpired } from '../database/spent.ts'
import { newId } from '../protocol/uuid.ts'
import { forgetChanges, forgetClaimKeys } from '../triage/service.ts'
import { endGrants, renumberShown } from '../vault/service.ts'

/** Deleted in batches that hold no lock for long. */
const forgottenMax = 1_000

/** One replica at a time: two would wait for each other's rows. */
export function createForgetting(database: Database): Step {
  const name = 'forgetting what expired'
  return {
    name,
    restMs: 5_000,
    run: () =>
      database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
        if (!(await elect(tx, name))) return false
        const counts = [
          await forgetExpired(tx, forgottenMax),
          await forgetClaimKeys(tx, forgottenMax),
          await forgetChanges(tx, forgottenMax),
          await renumberShown(tx, forgottenMax),
          await endGrants(tx, forgottenMax),
        ]
        return counts.some((count) => count >= forgottenMax)
      }),
  }
}
