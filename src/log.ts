/**
 * What may be logged, by allow-list. A database error's message and detail quote rows and
 * parameters, and a URL may carry ids of people's referrals, so neither is ever written.
 */
import { type DestinationStream, pino } from 'pino'
import type { Config } from './config.ts'

/**
 * The service's logger, one JSON object a line. Whatever error is handed to it, only what
 * `loggable` allows is written; a request's URL, headers and body never are.
 */
export function createLogger(level: Config['logLevel'], stream?: DestinationStream) {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: {
      err: loggable,
      req: ({ method }: { method?: string }) => ({ method }),
      res: ({ statusCode }: { statusCode?: number }) => ({ status: statusCode }),
    },
  }
  return stream ? pino(options, stream) : pino(options)
}

/** An error as a log line may show it: what it is and where it arose, never what it says. */
export function loggable(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error }
  const fields = error as { code?: unknown; constraint_name?: unknown; table_name?: unknown }
  return {
    name: error.name,
    ...(typeof fields.code === 'string' && { code: fields.code }),
    ...(typeof fields.constraint_name === 'string' && { constraint: fields.constraint_name }),
    ...(typeof fields.table_name === 'string' && { table: fields.table_name }),
    frames: framesOf(error),
    ...(error.cause !== undefined && { cause: loggable(error.cause) }),
  }
}

/**
 * Where the error arose. A stack begins with the message, which may quote a row, so only the run of
 * frames at its end is taken, and only those that name a file.
 */
function framesOf(error: Error): string[] {
  const lines = (error.stack ?? '').replace(error.message, '').split('\n')
  const last = lines.findLastIndex((line) => !/^ {4}at .*(file:|node:).*:\d+:\d+\)?$/.test(line))
  return lines.slice(last + 1, last + 9).map((line) => line.trim())
}
