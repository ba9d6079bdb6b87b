/**
 * The environment, read once: the only reader of `process.env`. A fault names the variable and
 * what it should be, and all faults are told at once.
 */

export type Config = {
  readonly host: string
  readonly port: number
  /** The name of this deployment in every header and token: a host name, without a scheme. */
  readonly origin: string
  /** `undefined`: PostgreSQL is started under `dataFolder`. */
  readonly databaseUrl: string | undefined
  readonly databaseConnectionsMax: number
  readonly databasePrepare: boolean
  readonly dataFolder: string
  /** A PEM file: the private half where tokens are issued, the public half where they are read. */
  readonly tokenKeyFile: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** What `intake …` reads besides its flags. */
export type ClientConfig = {
  readonly url: string
  /** The access token itself, or the file it is in, which is read for each request. */
  readonly token: string | undefined
  readonly tokenFile: string | undefined
  readonly passphrase: string | undefined
  /** The folder of what a client remembers: what it has seen, what it has not yet sent. */
  readonly home: string
  /** A file: `{ origin, rootKeys, minimumVersion }`. `trust.json` in `home` where it is not set. */
  readonly trust: string | undefined
  /** A file made by `intake keys generate`. */
  readonly key: string | undefined
  readonly databaseOwnerUrl: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** Throws one Error that lists every fault. */
export function readConfig(environment: Environment = process.env): Config {
  const faults: string[] = []
  const dataFolder = environment.DATA_DIR || './data'
  const config: Config = {
    host: environment.HOST ?? '127.0.0.1',
    port: integer(environment, 'PORT', 8080, 0, 65_535, faults),
    origin: environment.ORIGIN || 'localhost',
    databaseUrl: environment.DATABASE_URL || undefined,
    databaseConnectionsMax: integer(environment, 'DATABASE_CONNECTIONS', 10, 1, 100, faults),
    databasePrepare: oneOf(environment, 'DATABASE_PREPARE', ['on', 'off'], 'on', faults) === 'on',
    dataFolder,
    tokenKeyFile: environment.TOKEN_KEY_FILE ?? `${dataFolder}/token-key.pem`,
    logLevel: oneOf(environment, 'LOG_LEVEL', logLevels, 'info', faults),
  }
  if (!/^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$/.test(config.origin)) {
    faults.push('ORIGIN must be a host name without a scheme, such as intake.example.org')
  }
  if (config.databaseUrl && !environment.ORIGIN) {
    faults.push('ORIGIN must be set beside DATABASE_URL: it is in every header, and never changes')
  }
  if (!config.databaseUrl && !isLoopback(config.host)) {
    faults.push(
      `HOST is ${config.host}, and without DATABASE_URL the trial database is used: ` +
        'set DATABASE_URL, or keep HOST on the loopback address',
    )
  }
  if (faults.length > 0) throw new Error(`configuration:\n- ${faults.join('\n- ')}`)
  return config
}

/** Never throws: what is missing shows when a command needs it. */
export function readClientConfig(environment: Environment = process.env): ClientConfig {
  return {
    url: environment.INTAKE_URL || 'http://127.0.0.1:8080',
    token: environment.INTAKE_TOKEN || undefined,
    tokenFile: environment.INTAKE_TOKEN_FILE || undefined,
    passphrase: environment.INTAKE_PASSPHRASE || undefined,
    home: environment.INTAKE_HOME || './.intake',
    trust: environment.INTAKE_TRUST || undefined,
    key: environment.INTAKE_KEY || undefined,
    databaseOwnerUrl: environment.DATABASE_OWNER_URL || undefined,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function integer(
  environment: Environment,
  name: string,
  fallback: number,
  min: number,
  max: number,
  faults: string[],
): number {
  const text = environment[name]
  if (text === undefined || text === '') return fallback
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  faults.push(`${name} must be a whole number from ${min} to ${max}`)
  return fallback
}

function oneOf<Value extends string>(
  environment: Environment,
  name: string,
  values: readonly Value[],
  fallback: Value,
  faults: string[],
): Value {
  const text = environment[name]
  if (text === undefined || text === '') return fallback
  const value = values.find((candidate) => candidate === text)
  if (!value) faults.push(`${name} must be one of ${values.join(', ')}`)
  return value ?? fallback
}
