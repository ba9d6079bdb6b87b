/** An outage of the database as an operator wants to read it: its begin once, and its end once. */

type Line = (fields: object, message: string) => void

export type OutageOptions = {
  readonly log: { readonly error: Line; readonly warn: Line }
  /** Commits a trivial write, or throws. */
  readonly ping: () => Promise<void>
}

/** What holds up one request in twenty is told as one outage, and not as twenty. */
const quietMs = 3_000
const askEveryMs = 1_000

/** Whoever finds the database away says so here; when it answers again, this asks. */
export function createOutage({ log, ping }: OutageOptions) {
  let startedAt: number | undefined
  let lastAt = 0
  let timer: NodeJS.Timeout | undefined

  async function ask(): Promise<void> {
    const answers = await ping().then(
      () => true,
      () => false,
    )
    const now = performance.now()
    if (startedAt === undefined) return
    if (!answers || now - lastAt < quietMs) {
      timer = setTimeout(ask, askEveryMs).unref()
      return
    }
    log.warn({ seconds: Math.round((now - startedAt) / 1000) }, 'the database answers again')
    startedAt = undefined
  }

  return {
    away(error: unknown): void {
      lastAt = performance.now()
      if (startedAt !== undefined) return
      startedAt = lastAt
      log.error({ err: error }, 'the database does not answer')
      timer = setTimeout(ask, askEveryMs).unref()
    },
    stop(): void {
      startedAt = undefined
      clearTimeout(timer)
    },
  }
}
