/**
 * Acts on the host. They run as the database's owner, for the service's own login can write no
 * directory table, and each is an entry of the access log.
 */
import type { Action, AuditObject } from '../audit/entry.ts'
import { append } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'

/** @param database - connected as the owner */
export function asAdministrator(database: Database) {
  return {
    /**
     * Does and records one act, in one transaction; returns what `act` returned. A refused one is
     * undone, and then recorded as refused.
     */
    async recorded<Result extends { object: AuditObject }>(
      action: Action,
      act: (tx: Tx) => Promise<Result>,
    ): Promise<Result> {
      const caller: Caller = { kind: 'administrator', request: newId() }
      try {
        return await database.inTransaction(caller, async (tx) => {
          const result = await act(tx)
          await append(tx, { action, object: result.object })
          return result
        })
      } catch (error) {
        if (error instanceof Refusal) {
          const refused = { action, outcome: 'refused', reason: error.code } as const
          await database.inTransaction(caller, (tx) => append(tx, refused))
        }
        throw error
      }
    },
  }
}
