/**
 * What a command on the host needs: the database as its owner, and the services that write the
 * directory. Loaded only by host commands, so that a partner's client needs no database driver.
 */
import type { Act, Action } from '../../audit/entry.ts'
import { openLogOrigin, restartLog } from '../../audit/restart.ts'
import { append, hasEntry } from '../../audit/service.ts'
import { readClientConfig } from '../../config/client.ts'
import { readConfig } from '../../config/server.ts'
import { addressForm, describe, readAddress } from '../../database/address.ts'
import { connect, type Database } from '../../database/connect.ts'
import { startEmbedded } from '../../database/embedded.ts'
import { migrate } from '../../database/migrate.ts'
import { databaseFault } from '../../database/server.ts'
import { wordsOfDatabase } from '../../database/standing.ts'
import { type Administration, createAdministration } from '../../directory/administration.ts'
import { asAdministrator } from '../../directory/administrator.ts'
import { createPartners, type Partners } from '../../directory/partners.ts'
import { createPublication, type Publication } from '../../directory/publication.ts'
import { readIfThere } from '../../disk.ts'
import type { RetainedState, Rule } from '../../erasure/due.ts'
import { endRule, type Retention, setRule, showRetention } from '../../erasure/retention.ts'
import { newId } from '../../protocol/uuid.ts'
import { type VaultStanding, verifyVault } from '../../vault/verification.ts'

export type Host = {
  readonly administration: Administration
  readonly publication: Publication
  readonly partners: Partners
  readonly log: LogAdministration
  readonly vault: VaultAdministration
  readonly retention: RetentionAdministration
  /** Of this deployment, from the service's own configuration. */
  readonly origin: string
  readonly tokenKeyFile: string
}

/** What a command printed, and the database that it read or wrote: host, port and name. */
type Located<Result> = Result & { readonly database: string }

/** Whether the trial database under `DATA_DIR` is meant, where no other is named. */
export type Choice = { readonly trial?: boolean | undefined }

/** Runs `act` as the owner, of `DATABASE_OWNER_URL` or, if that is meant, of the trial database. */
export async function onHost<Result extends object>(
  choice: Choice,
  act: (host: Host) => Promise<Result>,
): Promise<Located<Result>> {
  const { origin, tokenKeyFile, audit, databasePrepare: prepare } = readConfig()
  const { ownerUrl, serviceUrl, place, stop } = await ownerDatabase(choice)
  const options = { connectionsMax: 1, prepare, deadlineMs: actMsMax }
  const database = connect({ ...options, url: ownerUrl })
  try {
    const administration = createAdministration(database)
    const publication = createPublication(database)
    const partners = createPartners(database)
    const log = administerLog(database, origin, audit.checkpointFile)
    const connectService = () => {
      if (serviceUrl !== undefined) return connect({ ...options, url: serviceUrl })
      throw new Error(`DATABASE_URL is not set: ${readsAsService}`)
    }
    const readAsService = readingAsService(database, connectService)
    const ofReferrals = {
      vault: administerVault(readAsService),
      retention: administerRetention(database, readAsService),
    }
    const ofAll = { administration, publication, partners, log }
    const host = { ...ofAll, ...ofReferrals, origin, tokenKeyFile }
    const result = await act(host)
    return { ...result, database: place }
  } catch (error) {
    throw inWords(error)
  } finally {
    await database.close()
    await stop()
  }
}

/** What the owner does with the access log. */
export type LogAdministration = ReturnType<typeof administerLog>

function administerLog(database: Database, deployment: string, checkpointFile: string) {
  const { recordedAll } = asAdministrator(database)
  return {
    /** Closes the log that lost entries, and opens the next. @returns the numbers of both */
    restart: (reason: string) =>
      recordedAll('log.restarted', async (tx) => {
        const kept = await readIfThere(checkpointFile)
        return { ...(await restartLog(tx, { deployment, reason, kept })), acts: [] }
      }),
    /** The origin of the log that is open, for the next keyset to name. */
    origin: () =>
      database.inTransaction({ kind: 'administrator', request: newId() }, openLogOrigin),
  }
}

/**
 * What only the service itself reads, for an owner who asks for it: the entry stands before anything is read.
 *
 * @throws Error where the service's login is not known, or is of another database than the owner's
 */
type ReadAsService = <T>(act: Act, read: (service: Database) => Promise<T>) => Promise<T>

function readingAsService(database: Database, connectService: () => Database): ReadAsService {
  const { recordedAll } = asAdministrator(database)
  return async (act, read) => {
    const entryId = newId()
    const { service } = await recordedAll(act.action, async (tx) => {
      const service = connectService()
      await append(tx, act, entryId)
      return { service, acts: [] }
    })
    try {
      const caller = { kind: 'system', request: newId() } as const
      const isSame = await service.inTransaction(caller, (tx) => hasEntry(tx, entryId))
      if (!isSame) throw new Error(twoDatabases)
      return await read(service)
    } finally {
      await service.close()
    }
  }
}

/** What the owner has checked of the vault. */
export type VaultAdministration = ReturnType<typeof administerVault>

function administerVault(readAsService: ReadAsService) {
  return {
    verify: (onProgress: (total: number) => void): Promise<VaultStanding> =>
      readAsService({ action: 'vault.verified', object: allReferrals }, (service) =>
        verifyVault(service, onProgress),
      ),
  }
}

/** What the owner says of retention, and is shown of it. */
export type RetentionAdministration = ReturnType<typeof administerRetention>

function administerRetention(database: Database, readAsService: ReadAsService) {
  const { recordedAll } = asAdministrator(database)
  const actOn = (action: Action, details?: Act['details']) => {
    return { action, object: allReferrals, ...(details && { details }) }
  }
  return {
    show: (looked?: Rule): Promise<Retention> =>
      readAsService(actOn('retention.shown', looked), (service) => showRetention(service, looked)),
    set: (rule: Rule, epoch: string) =>
      recordedAll('retention.set', async (tx) => {
        const beginsAt = await setRule(tx, rule, epoch)
        return { beginsAt, acts: [actOn('retention.set', rule)] }
      }),
    end: (state: RetainedState) =>
      recordedAll('retention.ended', async (tx) => {
        const was = await endRule(tx, state)
        return { was, acts: [actOn('retention.ended', { state, ...(!was && { repeated: true }) })] }
      }),
  }
}

const allReferrals = { kind: 'referral', id: 'all' } as const

const readsAsService =
  'referrals are read by the login of the service, because the owner reads none'
const twoDatabases = 'DATABASE_URL and DATABASE_OWNER_URL name two databases: nothing was changed'

/** Nobody waits for an administrator's act but the administrator. */
const actMsMax = 60_000

/** Brings the database to this version's schema. */
export async function migrateHost(choice: Choice): Promise<Located<{ migrated: true }>> {
  const { ownerUrl, place, stop } = await ownerDatabase(choice)
  try {
    await migrate(ownerUrl)
    return { migrated: true, database: place }
  } catch (error) {
    throw inWords(error)
  } finally {
    await stop()
  }
}

function inWords(cause: unknown): unknown {
  const words = wordsOfDatabase(cause)
  return words ? new Error(words, { cause }) : cause
}

type Owned = {
  readonly ownerUrl: string
  /** Of the service's own login, where it is known. */
  readonly serviceUrl: string | undefined
  readonly place: string
  stop(): Promise<void>
}

async function ownerDatabase({ trial }: Choice): Promise<Owned> {
  const { databaseOwnerUrl } = readClientConfig()
  const { databaseUrl, dataFolder } = readConfig()
  if (databaseOwnerUrl) {
    if (trial) throw new Error('--trial is given, and DATABASE_OWNER_URL names another database')
    const address = readAddress(databaseOwnerUrl)
    if (!address) throw new Error(`DATABASE_OWNER_URL must be ${addressForm}`)
    const fault = await databaseFault(address)
    if (fault) throw new Error(`DATABASE_OWNER_URL: ${fault}`)
    const place = describe(address)
    return { ownerUrl: databaseOwnerUrl, serviceUrl: databaseUrl, place, stop: async () => {} }
  }
  if (databaseUrl) {
    throw new Error('DATABASE_URL is set and DATABASE_OWNER_URL is not: set it to the owner login')
  }
  if (!trial) {
    throw new Error(
      'DATABASE_OWNER_URL is not set: set it to the owner login, or give --trial for the trial ' +
        `database under ${dataFolder}`,
    )
  }
  const embedded = await startEmbedded(`${dataFolder}/postgres`)
  const address = readAddress(embedded.ownerUrl)
  const place = `${address ? describe(address) : ''} (trial, under ${dataFolder}/postgres)`
  return { ...embedded, serviceUrl: embedded.url, place }
}
