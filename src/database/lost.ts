/** What is left of a transaction when its connection is gone. */

/**
 * Whether `error` says that the connection was lost, rather than that a statement failed on one
 * that still stands. drizzle wraps the driver's error, so the causes are searched as well.
 */
export function isConnectionLost(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause as Error) {
    const { code, syscall } = cause as { code?: unknown; syscall?: unknown }
    if (code === 'CONNECTION_CLOSED' || code === 'CONNECTION_DESTROYED') return true
    // The operating system's word on the socket: ECONNRESET, EPIPE and the like.
    if (typeof code === 'string' && typeof syscall === 'string') return true
  }
  return false
}

/**
 * The connection was lost while the transaction was being committed: it stands, or it does not.
 * Whoever asked may be told neither, and finds out by asking again.
 */
export class OutcomeUnknown extends Error {
  constructor() {
    super('the connection was lost during a commit')
    this.name = 'OutcomeUnknown'
  }
}

/** What the driver says when it could not connect, or is closing. */
const unreachable = ['CONNECT_TIMEOUT', 'CONNECTION_ENDED']

/**
 * Whether `error` says that the database cannot be had now, and may be later: no connection, or one
 * that is refused while the server starts, recovers, stops or is full (SQLSTATE 57P01 to 57P03,
 * 53300); or a lock that others held for as long as one waits (55P03).
 */
export function isUnreachable(error: unknown): boolean {
  if (isConnectionLost(error)) return true
  for (let cause = error; cause instanceof Error; cause = cause.cause as Error) {
    const { code } = cause as { code?: unknown }
    if (typeof code !== 'string') continue
    if (unreachable.includes(code) || /^(57P0[123]|53300|55P03)$/.test(code)) return true
  }
  return false
}
