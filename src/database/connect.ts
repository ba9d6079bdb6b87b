/**
 * The only door to the database: `inTransaction(caller, tx => …)`.
 *
 * Each transaction first becomes the database role of its caller, so that row-level security holds
 * whatever the statements forget (migrations/0001_access.sql). Role and organisation are set for
 * the transaction only: nothing of one caller is left on the connection for the next, also behind
 * PgBouncer in transaction mode.
 */
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres, { type TransactionSql } from 'postgres'
import type { Caller, CallerKind } from '../caller.ts'
import { isConnectionLost, OutcomeUnknown } from './lost.ts'

/** One transaction, and what is true for all of it. */
export type Tx = {
  /** drizzle, for statements that need no more than its types. */
  readonly db: Pick<PostgresJsDatabase, 'select' | 'insert' | 'update'>
  /** postgres.js' template of the same transaction, for locks, CTEs and pipelining. */
  readonly sql: TransactionSql
  /** The database's clock at the transaction's start, in whole milliseconds. */
  readonly now: Date
}

export type Database = {
  /** Commits what `act` did, or, when it throws, undoes all of it and throws the same. */
  inTransaction<T>(caller: Caller, act: (tx: Tx) => Promise<T>): Promise<T>
  /** Answers a trivial statement, or throws: for `/readyz`. */
  ping(): Promise<void>
  /** Lets running transactions end, for at most five seconds, then closes all connections. */
  close(): Promise<void>
}

export type DatabaseOptions = {
  readonly url: string
  readonly connectionsMax: number
  /** `false` behind a PgBouncer older than 1.21, which loses prepared statements. */
  readonly prepare: boolean
}

/** The administrator connects as the owner and stays that. */
const roleOf: Record<CallerKind, string> = {
  partner: 'intake_partner',
  anonymous: 'intake_partner',
  internal: 'intake_internal',
  auditor: 'intake_auditor',
  system: 'intake_internal',
  administrator: 'none',
}

/** Connects lazily: a wrong URL shows at the first transaction. */
export function connect(options: DatabaseOptions): Database {
  const client = postgres(options.url, {
    max: options.connectionsMax,
    prepare: options.prepare,
    connect_timeout: 10,
    idle_timeout: 60,
    onnotice: () => {},
    connection: { application_name: 'referral-intake' },
  })
  const database = drizzle(client)

  return {
    inTransaction: (caller, act) => inTransaction(database, caller, act),
    async ping() {
      await client`select 1`
    },
    close: () => client.end({ timeout: 5 }),
  }
}

async function inTransaction<T>(
  database: PostgresJsDatabase,
  caller: Caller,
  act: (tx: Tx) => Promise<T>,
): Promise<T> {
  let committing = false
  try {
    return await database.transaction(async (db) => {
      // drizzle keeps the driver's template of this transaction here, and has no name for it.
      const { client: sql } = (db as unknown as { session: { client: TransactionSql } }).session
      try {
        const result = await act({ db, sql, now: await begin(sql, caller) })
        committing = true
        return result
      } catch (error) {
        // The driver ends the transaction of a lost connection by itself. Told to roll back, it
        // would write to a socket that is gone, and take the process with it (porsager/postgres,
        // issue 1208).
        if (isConnectionLost(error)) await new Promise(() => {})
        throw error
      }
    })
  } catch (error) {
    if (committing && isConnectionLost(error)) throw new OutcomeUnknown()
    throw error
  }
}

/** Becomes the role of the caller; answers the transaction's time. */
async function begin(sql: TransactionSql, caller: Caller): Promise<Date> {
  const [context] = await sql<[{ now: string }]>`
    select set_config('role', ${roleOf[caller.kind]}, true),
           set_config('app.organisation', ${organisationOf(caller)}, true),
           set_config('app.receipt', '', true),
           to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`
  return new Date(context.now)
}

function organisationOf(caller: Caller): string {
  return 'organisationId' in caller ? caller.organisationId : ''
}
