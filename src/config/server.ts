/**
 * The environment of the service and of the keyholder, read once. A fault names the variable and what it
 * should be, and all faults are told at once.
 */

import { isLoopbackHost } from '../protocol/address.ts'
import { type AccessConfig, readAccess } from './access.ts'
import { type AuditConfig, readAudit } from './audit.ts'
import { type DocumentConfig, readDocuments } from './documents.ts'
import { type DoorConfig, readDoor } from './door.ts'
import { type DutyConfig, readDuty } from './duty.ts'
import { integer, list, oneOf } from './values.ts'

export type Config = {
  readonly host: string
  readonly port: number
  /** The name of this deployment in every header and token: a host name, without a scheme. */
  readonly origin: string
  /** `undefined`: PostgreSQL is started under `dataFolder`. */
  readonly databaseUrl: string | undefined
  /** Of the same database without a pooler in between, to hear other replicas by; `databaseUrl`, if left out. */
  readonly databaseDirectUrl: string | undefined
  readonly databaseConnectionsMax: number
  readonly databasePrepare: boolean
  readonly dataFolder: string
  /** A PEM file, for trials: the private half where tokens are made by hand, the public half where they are read. */
  readonly tokenKeyFile: string
  readonly access: AccessConfig
  readonly audit: AuditConfig
  readonly documents: DocumentConfig
  readonly door: DoorConfig
  /** `undefined`: nobody is told by mail. */
  readonly duty: DutyConfig | undefined
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly matching: MatchingConfig
  /** What one client may have of this replica (src/access/shares.ts). */
  readonly share: { readonly requestsAtOnce: number; readonly requestsPerMinute: number }
  /** How many referrals one client opens in an hour without a claim. */
  readonly openingsPerHour: number
  /** `undefined`: nobody is told the counts. Always on the loopback address. */
  readonly metricsPort: number | undefined
}

/** A private key, its certificate, and who may sign those of the other side. PEM files. */
export type TlsFiles = { readonly key: string; readonly cert: string; readonly ca: string }

/** Where the matching key is, and how much of it anybody gets. */
export type MatchingConfig = {
  /** `https://host:port` of each process that holds one. Empty: the key is in this process. */
  readonly holders: readonly string[]
  /** Set where `holders` are. */
  readonly tls: TlsFiles | undefined
  /** Keys in this process, where they are named. */
  readonly keyFiles: readonly string[]
  /** The key that a trial makes for itself, and uses where none is named. */
  readonly ownKeyFile: string
  /** Without a database of its own: nothing of a trial is used beside one. */
  readonly isTrial: boolean
  readonly passphrase: string | undefined
  /** Where a key in this process counts its day. */
  readonly totalFile: string
  /** The total of a key in this process. */
  readonly elementsPerDay: number
  /** The budget of one client of a partner. */
  readonly elementsPerClient: number
  /** The budget of one internal client. */
  readonly elementsPerInternalClient: number
}

/** What `intake matching-key serve` reads besides its flags. */
export type KeyholderConfig = Pick<Config, 'logLevel'> & Pick<MatchingConfig, 'elementsPerDay'>

export type Environment = Readonly<Record<string, string | undefined>>

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/**
 * Throws one Error that lists every fault.
 *
 * @param look - finds more of them, in what the variables name: each begins with its variable
 */
export function readConfig(
  environment: Environment = process.env,
  look: (config: Config) => readonly string[] = () => [],
): Config {
  const faults: string[] = []
  const dataFolder = environment.DATA_DIR || './data'
  const host = environment.HOST ?? '127.0.0.1'
  const config: Config = {
    host,
    port: integer(environment, 'PORT', 8080, 0, 65_535, faults),
    origin: environment.ORIGIN || 'localhost',
    databaseUrl: environment.DATABASE_URL || undefined,
    databaseDirectUrl: environment.DATABASE_DIRECT_URL || undefined,
    databaseConnectionsMax: integer(environment, 'DATABASE_CONNECTIONS', 10, 1, 100, faults),
    databasePrepare: oneOf(environment, 'DATABASE_PREPARE', ['on', 'off'], 'on', faults) === 'on',
    dataFolder,
    documents: readDocuments(environment, dataFolder, faults),
    door: readDoor(environment, faults),
    duty: readDuty(environment, faults),
    access: readAccess(environment, dataFolder, isLoopback(host), faults),
    audit: readAudit(environment, dataFolder, faults),
    tokenKeyFile: environment.TOKEN_KEY_FILE ?? `${dataFolder}/token-key.pem`,
    logLevel: oneOf(environment, 'LOG_LEVEL', logLevels, 'info', faults),
    matching: readMatching(environment, dataFolder, faults),
    share: {
      // Each is a millisecond or two in which nobody else is served; one alone would wait for the database.
      requestsAtOnce: integer(environment, 'CLIENT_REQUESTS_AT_ONCE', 2, 1, 100, faults),
      // An outbox that was offline for a week sends hundreds; a replica does some 100 to 300 a second.
      requestsPerMinute: integer(
        environment,
        'CLIENT_REQUESTS_PER_MINUTE',
        3_000,
        1,
        1_000_000,
        faults,
      ),
    },
    openingsPerHour: integer(environment, 'OPENINGS_PER_HOUR', 300, 1, 1_000_000, faults),
    metricsPort: environment.METRICS_PORT
      ? integer(environment, 'METRICS_PORT', 0, 0, 65_535, faults)
      : undefined,
  }
  if (config.metricsPort && config.metricsPort === config.port) {
    faults.push('METRICS_PORT must be another port than PORT: the counts are not for the public')
  }
  if (!/^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$/.test(config.origin)) {
    faults.push('ORIGIN must be a host name without a scheme, such as intake.example.org')
  }
  if ((config.databaseUrl || environment.DATABASE_OWNER_URL) && !environment.ORIGIN) {
    faults.push(
      'ORIGIN must be set beside DATABASE_URL and DATABASE_OWNER_URL: it is in every header, and ' +
        'never changes',
    )
  }
  if (!config.databaseUrl && !isLoopback(config.host)) {
    faults.push(
      `HOST is ${config.host}, and without DATABASE_URL the trial database is used: ` +
        'set DATABASE_URL, or keep HOST on the loopback address',
    )
  }
  requireNone([...faults, ...look(config)])
  return config
}

/** As `readConfig`, for the process that holds a matching key. */
export function readHolderConfig(environment: Environment = process.env): KeyholderConfig {
  const faults: string[] = []
  const config = {
    logLevel: oneOf(environment, 'LOG_LEVEL', logLevels, 'info', faults),
    elementsPerDay: elementsPerDay(environment, faults),
  }
  requireNone(faults)
  return config
}

function requireNone(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(`configuration:\n- ${faults.join('\n- ')}`)
}

/** One or two holders, each twice while a new one takes over. */
const holdersMax = 4

function readMatching(
  environment: Environment,
  dataFolder: string,
  faults: string[],
): MatchingConfig {
  const holders = list(environment.MATCHING_HOLDERS)
  const keyFiles = list(environment.MATCHING_KEY_FILES)
  if (!holders.every(isHttpsOrigin) || holders.length > holdersMax) {
    faults.push(`MATCHING_HOLDERS must be up to ${holdersMax} of https://host:port, with commas`)
  }
  if (holders.length > 0 && keyFiles.length > 0) {
    faults.push('MATCHING_KEY_FILES must not be set beside MATCHING_HOLDERS: the key is apart')
  }
  const perDay = elementsPerDay(environment, faults)
  return {
    holders,
    tls: holders.length > 0 ? readTls(environment, faults) : undefined,
    keyFiles,
    ownKeyFile: `${dataFolder}/matching-key.json`,
    isTrial: !environment.DATABASE_URL,
    passphrase: environment.INTAKE_PASSPHRASE || undefined,
    totalFile: `${dataFolder}/matching-total.json`,
    elementsPerDay: perDay,
    elementsPerClient: integer(
      environment,
      'MATCHING_ELEMENTS_PER_CLIENT',
      400,
      0,
      elementsMax,
      faults,
    ),
    // Whoever floods recipients with referrals to check leaves partners a quarter to send by.
    elementsPerInternalClient: Math.floor((perDay * 3) / 4),
  }
}

function readTls(environment: Environment, faults: string[]): TlsFiles {
  const file = (name: string) => {
    const value = environment[name]
    if (!value) faults.push(`${name} must be set beside MATCHING_HOLDERS: a PEM file`)
    return value ?? ''
  }
  return {
    key: file('MATCHING_TLS_KEY_FILE'),
    cert: file('MATCHING_TLS_CERT_FILE'),
    ca: file('MATCHING_TLS_CA_FILE'),
  }
}

/** More a day, and the total protects no name any more. */
const elementsMax = 1_000_000

function elementsPerDay(environment: Environment, faults: string[]): number {
  return integer(environment, 'MATCHING_ELEMENTS_PER_DAY', 2_000, 1, elementsMax, faults)
}

function isHttpsOrigin(text: string): boolean {
  return /^https:\/\/[^/?#@\s]+$/.test(text) && URL.canParse(text)
}

function isLoopback(host: string): boolean {
  return host === '::1' || isLoopbackHost(host)
}
