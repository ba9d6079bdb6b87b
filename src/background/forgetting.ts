/** The step that forgets ids which counted once, and keys of claims, when they have expired by themselves. */
import type { Database } from '../database/connect.ts'
import { elect, type Step } from '../database/lock.ts'
import { forgetExpired } from '../database/spent.ts'
import { newId } from '../protocol/uuid.ts'
import { forgetClaimKeys } from '../triage/service.ts'

/** Deleted in batches that hold no lock for long. */
const forgottenMax = 1_000

/** One replica at a time: two would wait for each other's rows. */
export function createForgetting(database: Database): Step {
  const name = 'forgetting spent ids'
  return {
    name,
    run: () =>
      database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
        if (!(await elect(tx, name))) return false
        const ids = await forgetExpired(tx, forgottenMax)
        const keys = await forgetClaimKeys(tx, forgottenMax)
        return Math.max(ids, keys) === forgottenMax
      }),
  }
}
