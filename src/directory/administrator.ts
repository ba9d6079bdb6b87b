/**
 * Acts on the host. They run as the database's owner, for the service's own login can write no
 * directory table, and each is an entry of the access log.
 */
import type { Action, AuditObject } from '../audit/entry.ts'
import type { Audit } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'

/** `database` is one connected as the owner. */
export function asAdministrator({ database, audit }: { database: Database; audit: Audit }) {
  const administrator = (): Caller => ({ kind: 'administrator', request: newId() })

  return {
    /** Does and records one act, in one transaction; answers what `act` answered. */
    recorded<Result extends { object: AuditObject }>(
      action: Action,
      act: (tx: Tx) => Promise<Result>,
    ): Promise<Result> {
      const caller = administrator()
      return database.inTransaction(caller, async (tx) => {
        const result = await act(tx)
        await audit.append(tx, caller, { action, object: result.object })
        return result
      })
    },

    /** Reads, and records nothing: what it reads is the administrator's own. */
    read<Result>(act: (tx: Tx) => Promise<Result>): Promise<Result> {
      return database.inTransaction(administrator(), act)
    },
  }
}
