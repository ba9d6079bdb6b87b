/** The process: configuration, database, app, listen, signals. The only exit. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileFaults } from './access/files.ts'
import { readIssuers } from './access/issuers.ts'
import { generateTokenKey, readPublicKey } from './access/token.ts'
import { newSealKey, readSealKey } from './access/tokenkeys.ts'
import { erasureListAt } from './background/erasures.ts'
import { createTell } from './background/report.ts'
import { type Background, startBackground } from './background/thread.ts'
import { type Config, readConfig } from './config/server.ts'
import { addressForm, nameOf, readAddress } from './database/address.ts'
import { connect, type Database } from './database/connect.ts'
import { startEmbedded } from './database/embedded.ts'
import { DatabaseAway, isAway, isUntrusted } from './database/lost.ts'
import { joinReplicas } from './database/notify.ts'
import { createOutage } from './database/outage.ts'
import { databaseFault } from './database/server.ts'
import { serviceFault } from './database/standing.ts'
import { keepFirst, writeSecret } from './disk.ts'
import { applyErasures, keepOn } from './erasure/restoring.ts'
import { required } from './errors.ts'
import { createApp } from './http/app.ts'
import { openKeyholders } from './keyholder/open.ts'
import { createLogger } from './log.ts'
import { createMetrics, serveMetrics } from './metrics.ts'
import { encodeBase64url } from './protocol/bytes.ts'
import { openKeyFile, sealKeyFile } from './protocol/keyfile.ts'
import { generateSigningKey } from './protocol/keys.ts'
import { sealMatchingKey } from './protocol/matching/matchingkey.ts'
import { generateMatchingKey } from './protocol/matching/voprf.ts'
import { webhookSealKey } from './protocol/webhook.ts'
import { guarded, shown } from './referral/shown.ts'

/** A drain that takes longer is cut: an orchestrator would kill the process anyway. */
const drainMsMax = 20_000
/** Between two questions whether the database is there by now. */
const askAgainMs = 1_000

try {
  await serve(readConfig(undefined, faultsOf))
} catch (error) {
  console.error(guarded(error instanceof Error ? wordsOf(error) : String(error)))
  process.exit(1)
}

/** What is wrong in what the variables name. */
function faultsOf(config: Config): readonly string[] {
  const { databaseUrl: DATABASE_URL, databaseDirectUrl: DATABASE_DIRECT_URL } = config
  const unreadable = Object.entries({ DATABASE_URL, DATABASE_DIRECT_URL }).filter(
    ([, url]) => url !== undefined && !readAddress(url),
  )
  return [...unreadable.map(([name]) => `${name} must be ${addressForm}`), ...fileFaults(config)]
}

function wordsOf({ message, ...fields }: Error & { code?: string; port?: number }): string {
  return fields.code === 'EADDRINUSE' ? `PORT: ${fields.port} is taken by another program` : message
}

async function serve(config: Config): Promise<void> {
  const embedded = config.databaseUrl ? undefined : await startTrial(config)
  const url = required(config.databaseUrl ?? embedded?.url, 'what is not named is embedded')
  let isStanding = !config.databaseUrl || (await requireStanding(url))
  const { databasePrepare: prepare, metricsPort } = config
  const logger = createLogger(config.logLevel)
  const database = connect({
    url,
    prepare,
    connectionsMax: config.databaseConnectionsMax,
    onAway: (error) => outage.away(error),
  })
  const outage = createOutage({ log: logger, ping: database.ping })
  const holders = await openKeyholders(config.matching, logger)
  const log = await logOf(config)
  const metrics = createMetrics()
  const shown = metricsPort === undefined ? undefined : await serveMetrics(metrics, metricsPort)
  let background: Background | undefined
  let logHalted: string | undefined
  const accessKeys = await readAccessKeys(config)
  const { erasuresFile } = config.audit
  const { apply, ...erasures } = erasuresOf(config, database)
  // It may have gone away in between: then it is done once it is back.
  if (isStanding) isStanding = await apply()
  const app = await createApp({
    // Nobody is served before what was erased is erased in this database too.
    database: closedUntil(() => isStanding, database),
    ...{ erasures, logger, holders },
    ...{ metrics, isStanding: () => isStanding, logHalted: () => logHalted },
    logKeys: await publicHalves(log.keyFiles),
    wake: () => background?.wake(),
    ...{ origin: config.origin, share: config.share, openingsPerHour: config.openingsPerHour },
    ...{ ...config.door, ...config.documents, ...accessKeys },
    elementsPerClient: config.matching.elementsPerClient,
    elementsPerInternalClient: config.matching.elementsPerInternalClient,
  })
  await app.listen({ host: config.host, port: config.port })
  // Not before: where it cannot listen the process exits, and no thread of it may be half started then.
  const tell = createTell(logger, metrics.background, outage.away)
  background = startBackground({
    ...{ url, prepare, log, isWatched: shown !== undefined },
    ...{ duty: config.duty, documents: config.documents.documentsFolder, erasuresFile },
    webhooks: { key: webhookSealKey(accessKeys.sealKey), networks: config.door.webhookNetworks },
    tell(told) {
      if (told.log) logHalted = told.log.halted
      if (told.kind === 'brought') database.announced(true)
      tell(told)
    },
  })
  const replicas = hearOthers(config.databaseDirectUrl ?? url, database, logger)
  logger.info({ matchingKey: holders.place, metricsPort: shown?.port }, 'started')
  console.log(guarded(`Referral Intake listens on ${app.listeningOrigin}`))

  let draining = false
  const drain = async (code: 0 | 1) => {
    if (draining) return
    draining = true
    setTimeout(() => process.exit(1), drainMsMax).unref()
    replicas.close()
    await Promise.all([app.close(), background?.stop()])
    outage.stop()
    await holders.close()
    await shown?.close()
    await database.close()
    await embedded?.stop()
    process.exit(code)
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => drain(0))
  if (isStanding) return
  await requireStandingLater(url, logger, apply).then(
    () => {
      isStanding = true
    },
    (error: Error) => {
      console.error(guarded(error.message))
      return drain(1)
    },
  )
}

/** The list of erasures on this machine, to be applied before anybody is served, and what is added to it. */
function erasuresOf({ audit: { erasuresFile: file, backupDays } }: Config, database: Database) {
  const list = erasureListAt(file)
  return {
    ...keepOn(list),
    backupDays,
    /** @returns `false` where the database went away */
    apply: () =>
      applyErasures(database, list).then(
        () => true,
        (error) => {
          if (isAway(error)) return false
          throw error
        },
      ),
  }
}

/** The database as requests have it: away until it is open. */
function closedUntil(isOpen: () => boolean, database: Database): Database {
  const inTransaction: Database['inTransaction'] = async (...order) => {
    if (!isOpen()) throw new DatabaseAway('it is not checked yet what was erased')
    return database.inTransaction(...order)
  }
  return { ...database, inTransaction }
}

const deafText =
  'the other replicas are not heard: a pooler takes what they tell, and whoever waits looks every second or so; set DATABASE_DIRECT_URL to PostgreSQL itself'

/** Hears of the work that other replicas bring. Without them whoever waits looks every second or so. */
function hearOthers(url: string, database: Database, logger: ReturnType<typeof createLogger>) {
  return joinReplicas({
    ...{ url, database },
    onLost: (error) => logger.warn({ err: error }, 'the other replicas are not heard'),
    onHeard: () => logger.info('the other replicas are heard again'),
    onDeaf: () => logger.warn(deafText),
  })
}

/**
 * Whether a host of the database answered, and its login has nothing wrong. `false` where none answers yet.
 *
 * @throws Error with one sentence on what is wrong
 */
async function requireStanding(url: string): Promise<boolean> {
  const address = readAddress(url)
  if (!address) throw new Error(`DATABASE_URL must be ${addressForm}`)
  const login = await databaseFault(address)
  if (login) throw new Error(`DATABASE_URL: ${login}`)
  // One by one: the driver waits without end where it is given several hosts and none answers.
  for (const host of address.hosts) {
    const fault = await serviceFault(address.urlOf(host)).catch((error: Error) => {
      // A certificate that is not trusted does not become so by waiting.
      if (isAway(error) && !isUntrusted(error)) return 'away' as const
      const where = `DATABASE_URL: ${nameOf(host)} does not say whether the login is right`
      throw new Error(`${where}: ${error.message}`)
    })
    if (fault === undefined) return true
    if (fault !== 'away') throw new Error(fault)
  }
  return false
}

/** The same once the database answers, and what was erased is erased in it. */
async function requireStandingLater(
  url: string,
  log: ReturnType<typeof createLogger>,
  apply: () => Promise<boolean>,
): Promise<void> {
  log.warn('the database does not answer yet: whether its login is right is asked when it does')
  do await pause(askAgainMs, undefined, { ref: false })
  while (!((await requireStanding(url)) && (await apply())))
}

/** What the configuration names of access; of a trial the key that seals is made, if it is not there. */
async function readAccessKeys({ access, tokenKeyFile }: Config) {
  const { publicUrl, tokenSealFile, trustedIssuersFile } = access
  const isTrial = publicUrl === undefined
  const sealText = isTrial
    ? await keepFirst(tokenSealFile, newSealKey())
    : await readFile(tokenSealFile, 'utf8')
  return {
    publicUrl,
    sealKey: readSealKey(sealText),
    // A token made by hand is for trials: behind a public address none counts.
    ...(isTrial && { tokenPublicKey: await readPublicKey(tokenKeyFile) }),
    ...(trustedIssuersFile && {
      trustedIssuers: readIssuers(await readFile(trustedIssuersFile, 'utf8')),
    }),
  }
}

/** The name and the files of the access log. */
async function logOf(config: Config) {
  const { checkpointFile, witnessFile } = config.audit
  return { origin: config.origin, keyFiles: await logKeyFiles(config), checkpointFile, witnessFile }
}

/** What signs checkpoints: the key files that are named, or the trial's own. */
async function logKeyFiles({ audit }: Config): Promise<readonly string[]> {
  if (audit.keyFiles.length > 0) return audit.keyFiles
  await keepFirst(audit.ownKeyFile, sealKeyFile({ signing: generateSigningKey() }, undefined))
  return [audit.ownKeyFile]
}

async function publicHalves(keyFiles: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(keyFiles.map((file) => readFile(file, 'utf8')))
  return texts.map((text) => encodeBase64url(openKeyFile(text).signing.publicKey))
}

async function startTrial({ dataFolder, tokenKeyFile, matching }: Config) {
  console.log(
    `No DATABASE_URL: using a PostgreSQL of its own under ${shown(dataFolder)} (for trials).`,
  )
  const embedded = await startEmbedded(`${dataFolder}/postgres`)
  if (!existsSync(tokenKeyFile)) await generateTokenKey(tokenKeyFile)
  const { holders, keyFiles, ownKeyFile } = matching
  if (holders.length + keyFiles.length === 0 && !existsSync(ownKeyFile)) {
    await writeSecret(ownKeyFile, sealMatchingKey(generateMatchingKey(), undefined))
  }
  return embedded
}
