/**
 * What the database and its driver say when it cannot be had, sorted by what a caller may do. Our own
 * errors name the driver's as their cause, so the causes are searched as well.
 */

/** The database did not do in time what it was asked, and nothing of it stands. */
export class DatabaseAway extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'DatabaseAway'
  }
}

/**
 * A transaction was at work when its time was up. Nothing of it stands; whether the database has stopped
 * answering or the work is too long, the next transaction shows.
 */
export class Overlong extends DatabaseAway {
  readonly code = 'overlong'
}

/**
 * A commit was begun, and nobody can say whether it stands, or whether it would outlive the server.
 * Whoever asked finds out by asking again.
 */
export class OutcomeUnknown extends Error {
  constructor(options?: ErrorOptions) {
    super('whether the commit stands is not known', options)
    this.name = 'OutcomeUnknown'
  }
}

/**
 * What `work` gives, if it does within `ms`; it goes on afterwards, unheard, unless its connection is cut.
 *
 * @throws DatabaseAway if it does not
 */
export async function answerWithin<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DatabaseAway('the database does not answer')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

type Fields = { readonly code?: unknown; readonly syscall?: unknown; readonly severity?: unknown }

/** Whether `error` or one of its causes is as `test` says. */
function some(error: unknown, test: (cause: Error & Fields, code: string) => boolean): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause as Error) {
    const { code } = cause as Fields
    if (test(cause, typeof code === 'string' ? code : '')) return true
  }
  return false
}

/**
 * Whether `error` says that the connection was lost, rather than that a statement failed on one
 * that still stands.
 */
export function isConnectionLost(error: unknown): boolean {
  return some(error, ({ syscall }, code) => {
    if (code === 'CONNECTION_CLOSED' || code === 'CONNECTION_DESTROYED') return true
    // The operating system's word on the socket: ECONNRESET, EPIPE and the like.
    return code !== '' && typeof syscall === 'string'
  })
}

/** What the driver says when it could not connect, or is closing. */
const unconnected = ['CONNECT_TIMEOUT', 'CONNECTION_ENDED']

/**
 * SQLSTATEs (PostgreSQL, appendix A) of a server that cannot serve now: no resources left (class 53: disk,
 * memory, connections), shutting down, starting or recovering (57P01 to 57P03), a session that it ended
 * (57P05, 25P03, 25P04), one that takes no writes (25006), an error of its disks (58030).
 */
const away = /^(53...|57P0[1235]|25P0[34]|25006|58030)$/

/**
 * What Node says of a certificate that it does not trust, or of TLS that does not come about: OpenSSL's names
 * of faults of a certificate, and its own.
 */
const untrusted =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERROR_IN_C|INVALID_CA$|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_)/

/** Whether a server was reached, and by its certificate may be another: its operator has to mend that. */
export function isUntrusted(error: unknown): boolean {
  return some(error, (_, code) => untrusted.test(code))
}

/**
 * Whether the database as a whole cannot be had now, and may be later. Also what it says to whoever is
 * refused a connection, which is always FATAL.
 */
export function isAway(error: unknown): boolean {
  if (isConnectionLost(error) || isUntrusted(error)) return true
  return some(error, (cause, code) => {
    if (cause instanceof DatabaseAway || cause instanceof OutcomeUnknown) return true
    if (unconnected.includes(code) || away.test(code)) return true
    return cause.severity === 'FATAL' || cause.severity === 'PANIC'
  })
}

/** Whether a commit that failed so may stand all the same: the server did not say that it does not. */
export function isUndecided(error: unknown): boolean {
  return isAway(error) && !some(error, ({ severity }) => severity === 'ERROR')
}

/**
 * SQLSTATEs of one statement that others stood in the way of: a lock held for as long as one waits
 * (55P03), a statement that took longer than one may (57014), a conflict or deadlock (class 40).
 */
const heldUp = /^(55P03|57014|40...)$/

/**
 * Whether another transaction was faster: what was read was erased since (40001, 0001_access.sql), or what a new row refers
 * to was deleted (23503). The same statements find what is there by now.
 */
export function isOvertaken(error: unknown): boolean {
  return some(error, (_, code) => code === '40001' || code === '23503')
}

/** Whether the same request may succeed in a moment: the database is away, or others were in the way. */
export function isPassing(error: unknown): boolean {
  return isAway(error) || some(error, (_, code) => heldUp.test(code))
}
