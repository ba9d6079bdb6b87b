/**
 * The only door to the database: `inTransaction(caller, tx => …)`.
 *
 * Each transaction first becomes the database role of its caller, so that row-level security holds whatever the statements
 * forget (migrations/0001_access.sql). Role and organisation are set for the transaction only: nothing of one caller is left
 * on the connection for the next, also behind PgBouncer in transaction mode.
 */
import type { Row, TransactionSql } from 'postgres'
import { type Caller, roleOf } from '../caller.ts'
import { readAddress } from './address.ts'
import { begin, type Settings } from './begin.ts'
import {
  answerWithin,
  DatabaseAway,
  isAway,
  isConnectionLost,
  isUndecided,
  OutcomeUnknown,
  Overlong,
} from './lost.ts'
import { againOvertaken } from './overtaken.ts'
import { createPool, type Link, type Pool, type PoolStanding } from './pool.ts'

/** One transaction, and what is true for all of it. */
export type Tx<By extends Caller = Caller> = {
  /** postgres.js' template of the transaction: what is put in is sent apart from the statement. */
  readonly sql: TransactionSql
  /** The database's clock at the transaction's start, in whole milliseconds. */
  readonly now: Date
  /** On whose behalf it runs: its role in the database, and the actor of its entries. */
  readonly caller: By
  /** Where it runs: what was read there and never changes may be kept under this. */
  readonly database: Database
  /** Says that it brings work: whoever waits for some looks once it stands, and not if it is undone. */
  announce(): void
}

/** Told of announced work that stands: `isHere` if a transaction of this process brought it. */
export type Announced = (isHere: boolean) => void

export type Database = {
  /**
   * Commits what `act` did, or, when it throws, undoes all of it and throws the same. It ends within the deadline of this
   * database, or of `options`, whatever the server does. One that was overtaken (overtaken.ts) is run once more.
   *
   * @throws DatabaseAway at the deadline, if nothing was done; `Overlong` if `act` was at work
   * @throws OutcomeUnknown if the commit was begun and not answered, or is on no standby
   */
  inTransaction<T, By extends Caller>(
    caller: By,
    act: (tx: Tx<By>) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  /**
   * One statement of the service itself, in one turn to the server where a transaction takes four: for what
   * stands before requests of others. It has no parameters, so nothing that anybody wrote may stand in it.
   *
   * @param statement - one that has a RETURNING
   * @returns the rows that it returned
   * @throws DatabaseAway, and then nobody knows whether it stands
   */
  atOnce(statement: string): Promise<readonly Row[]>
  /** From now on `act` is told of announced work. */
  onAnnounced(act: Announced): void
  /** Tells of work that another thread of this process brought, or another replica. */
  announced: Announced
  /** Commits a trivial write within four seconds, or throws: for `/readyz`. */
  ping(): Promise<void>
  /** Of its connections, at this moment. */
  connections(): PoolStanding
  /** Lets running transactions end, for at most five seconds, then closes all connections. */
  close(): Promise<void>
}

export type TransactionOptions = {
  readonly deadlineMs?: number
  /**
   * Each statement keeps the plan that suits whatever its parameters are, which PostgreSQL otherwise makes anew for
   * each array: for acts that find few rows by their ids or by an index. No LIMIT may be a parameter, for it would
   * count as a tenth of all rows.
   */
  readonly keepsPlans?: boolean
}

export type DatabaseOptions = {
  /** A connection URI that `readAddress` takes. */
  readonly url: string
  readonly connectionsMax: number
  /** `false` behind a PgBouncer older than 1.21, which loses prepared statements. */
  readonly prepare: boolean
  /** How long one transaction may take with all its waits; `requestMsMax` if left out. */
  readonly deadlineMs?: number
  /** Told of each transaction that failed because the database is away. */
  readonly onAway?: (error: unknown) => void
}

/**
 * What a request waits for its transaction. It is longer than a lock is waited for (the role's `lock_timeout`), and with the
 * refusal's own entry after it below the ten seconds in which a caller is answered whatever becomes of the database.
 */
const requestMsMax = 7_000
/** One statement; then the server ends it by itself, at the latest a second before the deadline. */
const statementMsMax = 10_000
const pingMsMax = 4_000
/** So long a transaction that has not begun looks for a server that takes it. */
const lookingMsMax = 2_000
const lookAgainMs = 100

/** Connects lazily: a server that is not there shows at the first transaction. */
export function connect(options: DatabaseOptions): Database {
  const { url, prepare, connectionsMax, deadlineMs = requestMsMax, onAway = () => {} } = options
  const address = readAddress(url)
  if (!address) throw new Error('the address of the database is not a connection URI')
  const pool = createPool({ address, prepare }, connectionsMax)
  const hearing: Announced[] = []
  let pinging: Promise<void> | undefined

  async function told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (isAway(error)) onAway(error)
      throw error
    }
  }

  const database: Database = {
    inTransaction: (caller, act, own) => {
      const run = (ms: number) =>
        inTransaction({ pool, caller, act, database }, { ...own, deadlineMs: ms })
      return told(againOvertaken(run, own?.deadlineMs ?? deadlineMs))
    },
    atOnce: (statement) => told(atOnce(pool, statement, deadlineMs)),
    ping() {
      // Where commits hang, each question would leave one more of them hanging on the server.
      pinging ??= told(ping(database, pool)).finally(() => {
        pinging = undefined
      })
      return pinging
    },
    onAnnounced: (act) => void hearing.push(act),
    announced(isHere) {
      for (const hear of hearing) hear(isHere)
    },
    connections: () => pool.standing(),
    close: () => pool.close(),
  }
  return database
}

/** What is to be done, for whom, and where. */
type Order<T, By extends Caller> = {
  readonly database: Database
  readonly pool: Pool
  readonly caller: By
  readonly act: (tx: Tx<By>) => Promise<T>
}

/** A write, because a server that only reads, is full or waits for its standby would answer `select 1`. */
function ping(database: Database, pool: Pool): Promise<void> {
  const caller = { kind: 'system', request: '' } as const
  const act = async ({ sql }: Tx) => {
    await sql`select pg_logical_emit_message(true, 'referral-intake', 'ready')`
  }
  return inTransaction({ database, pool, caller, act }, { deadlineMs: pingMsMax })
}

/** Several statements that are sent as one are one transaction to the server, without a word about it. */
async function atOnce(pool: Pool, statement: string, deadlineMs: number): Promise<readonly Row[]> {
  const startedAt = performance.now()
  const link = await pool.take(deadlineMs)
  try {
    link.warned = false
    const role = `select set_config('role', '${roleOf.system}', true)`
    const sent = link.sql.unsafe(`${role}; ${statement}`).simple()
    const results = await answerWithin(sent, deadlineMs - (performance.now() - startedAt))
    if (link.warned) throw new DatabaseAway('the commit is on no standby')
    pool.giveBack(link)
    // One for each statement that has columns: the driver adds others to the one before.
    return (results as unknown as (readonly Row[])[])[1] ?? []
  } catch (error) {
    if (!isAway(error)) {
      pool.giveBack(link)
      throw error
    }
    // It may be at work still, and must not be for whoever is next.
    link.cut()
    pool.discard(link)
    throw error
  }
}

async function inTransaction<T, By extends Caller>(
  order: Order<T, By>,
  options: Asked,
): Promise<T> {
  const { pool } = order
  const { deadlineMs } = options
  const startedAt = performance.now()
  const left = () => Math.max(startedAt + deadlineMs - performance.now(), 1)
  const lookingMs = Math.min(lookingMsMax, deadlineMs / 2)
  for (;;) {
    const link = await pool.take(left())
    const run = new Run(link, order, options)
    try {
      const result = await run.within(left())
      pool.giveBack(link)
      if (run.isAnnounced) order.database.announced(true)
      return result
    } catch (error) {
      // A refusal of ours, or a statement that failed, leaves a connection as it was.
      if (isAway(error)) pool.discard(link)
      else pool.giveBack(link)
      const isLooking = run.stage === 'beginning' && performance.now() - startedAt < lookingMs
      if (!isLooking || !isAway(error)) throw error
    }
    // A session that the server ended while it lay idle, or a server that has handed on to another.
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }
}

/** One try at a transaction, on one connection. */
class Run<T, By extends Caller> {
  /** Until `acting` nothing of it was done; from `committing` on it may stand. */
  stage: 'beginning' | 'acting' | 'committing' = 'beginning'
  isAnnounced = false
  readonly #link: Link
  readonly #order: Order<T, By>
  readonly #settings: Settings
  #isCut = false

  constructor(link: Link, order: Order<T, By>, { deadlineMs, keepsPlans = false }: Asked) {
    this.#link = link
    this.#order = order
    const statementMs = Math.min(statementMsMax, Math.max(deadlineMs - 1_000, 1_000))
    this.#settings = { statementMs, keepsPlans }
  }

  /** Ends in time: the connection of one that does not is cut, so that it cannot commit any more. */
  async within(ms: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#isCut = true
        this.#link.cut()
        const Late = this.stage === 'acting' ? Overlong : DatabaseAway
        reject(this.#verdict(new Late(`the database did not answer within ${ms} ms`)))
      }, ms)
    })
    const running = this.#run()
    // Once the time is up nobody listens to it any more.
    running.catch(() => {})
    try {
      return await Promise.race([running, timeUp])
    } finally {
      clearTimeout(timer)
    }
  }

  async #run(): Promise<T> {
    const link = this.#link
    const { caller, database, act } = this.#order
    try {
      const result = await link.sql.begin(async (sql) => {
        try {
          const now = await begin(sql, caller, this.#settings)
          this.stage = 'acting'
          const announce = () => {
            this.isAnnounced = true
          }
          const acted = await act({ sql, now, caller, database, announce })
          // It was told as not done, and the cut reaches the socket a moment after: it must not be committed.
          if (this.#isCut) await new Promise(() => {})
          link.warned = false
          this.stage = 'committing'
          // In an object: the driver would look into an array for promises.
          return { acted }
        } catch (error) {
          // The driver ends the transaction of a lost connection by itself. Told to roll back, it
          // would write to a socket that is gone, and take the process with it (porsager/postgres,
          // issue 1208).
          if (isConnectionLost(error)) await new Promise(() => {})
          throw error
        }
      })
      // The server warns of a commit only if it gave up waiting for the standby: it stands here alone.
      if (link.warned) throw new DatabaseAway('the commit is on no standby')
      return result.acted
    } catch (error) {
      throw this.#verdict(error)
    }
  }

  #verdict(error: unknown): unknown {
    if (this.stage !== 'committing' || !isUndecided(error)) return error
    return new OutcomeUnknown({ cause: error })
  }
}

type Asked = TransactionOptions & { readonly deadlineMs: number }
