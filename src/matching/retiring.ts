/** The step that forgets the match values of an epoch once no keyset lists it any more. */
import { append } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { matchingEpochs } from '../directory/service.ts'
import { newId } from '../protocol/uuid.ts'
import { deleteEpochsBefore } from './store.ts'

/** Deleted in batches that hold no lock for long. */
const retiredValuesMax = 5_000

/** Where the newest keyset lists no epoch at all nothing is deleted: that may be a slip. */
export function createRetiring(database: Database): Step {
  return {
    name: 'retiring match values',
    restMs: 5_000,
    run() {
      const caller: Caller = { kind: 'system', request: newId() }
      return database.inTransaction(caller, async (tx) => {
        const oldest = (await matchingEpochs(tx)).at(-1)
        if (oldest === undefined) return false
        const values = await deleteEpochsBefore(tx, oldest, retiredValuesMax)
        if (values === 0) return false
        const details = { values, before: oldest }
        await append(tx, { action: 'match-keys.retired', details })
        return values === retiredValuesMax
      })
    },
  }
}
