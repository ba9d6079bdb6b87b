/**
 * What may be logged, by allow-list. A database error's message and detail quote rows and
 * parameters, and a URL may carry ids of people's referrals, so neither is ever written.
 */
import { type DestinationStream, type LogFn, pino } from 'pino'
import type { Config } from './config/server.ts'

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
    hooks: { logMethod: logNamed },
  }
  return stream ? pino(options, stream) : pino(options)
}

/** pino takes the message of an error for that of a line that has none: such a line gets a name. */
function logNamed(this: unknown, [what, ...rest]: Parameters<LogFn>, write: LogFn): void {
  const line = what instanceof Error ? { err: what } : (what as unknown)
  const isNameless = rest.length === 0 && typeof line === 'object'
  write.apply(this, [line, ...(isNameless ? ['error'] : rest)] as Parameters<LogFn>)
}

/** An error that arose in another thread. On the way from there it would lose its fields. */
export class ErrorElsewhere {
  /** What `loggable` made of it where it arose. */
  readonly shown: Readonly<Record<string, unknown>>

  constructor(shown: Readonly<Record<string, unknown>>) {
    this.shown = shown
  }
}

/** An error as a log line may show it: what it is and where it arose, never what it says. */
export function loggable(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof ErrorElsewhere) return error.shown
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
  const last = lines.findLastIndex((line) => !frame.test(line) && !nativeFrame.test(line))
  const frames = lines.slice(last + 1).filter((line) => frame.test(line))
  return frames.slice(0, framesMax).map((line) => line.trim())
}

const framesMax = 8
const frame = /^ {4}at (.* )?\(?(file:|node:|\/).*:\d+:\d+\)?$/
/** Between frames that name a file stand some that do not: `new Promise`, `async Promise.all`. */
const nativeFrame = /^ {4}at .*\((<anonymous>|index \d+)\)$/
