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
