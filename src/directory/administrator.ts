/**
 * Acts on the host. They run as the database's owner, for the service's own login can write no
 * directory table, and each is an entry of the access log.
 */
import type { Act, Action, AuditObject } from '../audit/entry.ts'
import { append, appendAll } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'

type Recorded = Pick<Act, 'action' | 'details'> & { readonly object: AuditObject }

/** @param database - connected as the owner */
export function asAdministrator(database: Database) {
  /**
   * Does several acts in one transaction, each with its entry; returns what `act` returned. Refused, all
   * are undone, and then `action` is recorded as refused; of any other fault as failed, where that can be.
   */
  async function recordedAll<Result extends { acts: readonly Recorded[] }>(
    action: Action,
    act: (tx: Tx) => Promise<Result>,
  ): Promise<Result> {
    const caller: Caller = { kind: 'administrator', request: newId() }
    try {
      return await database.inTransaction(caller, async (tx) => {
        const result = await act(tx)
        await appendAll(tx, result.acts)
        return result
      })
    } catch (error) {
      const record = (outcome: Pick<Act, 'outcome' | 'reason'>) =>
        database.inTransaction(caller, (tx) => append(tx, { action, ...outcome }))
      if (error instanceof Refusal) await record({ outcome: 'refused', reason: error.code })
      // The database itself may be what failed: then the first fault is the one to tell.
      else await record({ outcome: 'failed', reason: 'internal-error' }).catch(() => undefined)
      throw error
    }
  }

  return {
    recordedAll,

    /** The same of one act. */
    recorded<Result extends { object: AuditObject }>(
      action: Action,
      act: (tx: Tx) => Promise<Result>,
    ): Promise<Result> {
      return recordedAll(action, async (tx) => {
        const result = await act(tx)
        return { ...result, acts: [{ action, object: result.object }] }
      })
    },
  }
}
