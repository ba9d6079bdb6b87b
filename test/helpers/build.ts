/**
 * The service as a test needs it: real, listening, on a database of its own, its keys published. Its
 * background work is done in the test's own thread.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { holdCeremony, type World } from '../../examples/ceremony.ts'
import { readPublicKey } from '../../src/access/token.ts'
import { createTell } from '../../src/background/report.ts'
import { createWork } from '../../src/background/work.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { writeSecret } from '../../src/disk.ts'
import { type App, type AppOptions, createApp } from '../../src/http/app.ts'
import { embedKeyholder } from '../../src/keyholder/embedded.ts'
import { createLogger } from '../../src/log.ts'
import type { Keyholders } from '../../src/matching/keyholders.ts'
import { createMetrics } from '../../src/metrics.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import type { MatchingKey } from '../../src/protocol/matching/voprf.ts'
import { webhookSealKey } from '../../src/protocol/webhook.ts'
import { logIn } from './log.ts'
import { cloneDatabase, type TestDatabase } from './postgres.ts'
import { sealKey } from './token.ts'

export type Built = {
  readonly app: App
  readonly database: Database
  readonly databases: TestDatabase
  readonly world: World
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Its embedded matching key. */
  readonly holders: Keyholders
  /** A folder of this test's own. */
  readonly folder: string
  /** All that the service logged so far. */
  log(): string
}

export type BuildOptions = {
  /** The keys of matching epoch 1, one a holder. The first is embedded. */
  readonly matchingKeys?: readonly MatchingKey[]
  /** The total of the embedded matching key. */
  readonly elementsPerDay?: number
  /** Makes its database. */
  readonly databaseOf?: () => Promise<TestDatabase>
} & Pick<
  AppOptions,
  | 'holders'
  | 'publicUrl'
  | 'elementsPerClient'
  | 'elementsPerInternalClient'
  | 'metrics'
  | 'share'
  | 'trustedIssuers'
  | 'countersMax'
  | 'formOrigins'
  | 'trustedProxies'
  | 'sharedNetworks'
  | 'unopenedMax'
  | 'openingsPerHour'
  | 'telephone'
  | 'webhookNetworks'
  | 'fileMegabytesMax'
  | 'clientMegabytesPerDay'
>

/** What a guess costs in a test: nothing. */
export const argon2id = { passes: 1, memoryKiB: 8 }

/**
 * Starts a service, with its matching key embedded unless there are other holders; it is closed, its
 * database dropped and its folder removed when `t` ends.
 */
export async function build(
  t: Pick<Test, 'teardown'>,
  {
    matchingKeys,
    elementsPerDay = 1_000_000,
    databaseOf = cloneDatabase,
    ...options
  }: BuildOptions = {},
): Promise<Built> {
  const { metrics = createMetrics() } = options
  const folder = await mkdtemp(join(tmpdir(), 'intake-build-'))
  const databases = await databaseOf()
  const tokenKeyFile = join(folder, 'token-key.pem')
  const { ownerUrl } = databases
  const matching = { argon2id, ...(matchingKeys && { keys: matchingKeys }) }
  const world = await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile, matching })
  const database = connect({ url: databases.url, connectionsMax: 10, prepare: true })
  const lines: string[] = []
  const logger = createLogger('debug', { write: (line: string) => void lines.push(line) })
  const embedded = embedKeyholder({
    keys: [{ file: join(folder, 'matching-key.json'), passphrase: undefined }],
    totalFile: join(folder, 'matching-total.json'),
    elementsPerDay,
    log: logger,
  })
  await writeSecret(
    join(folder, 'matching-key.json'),
    sealMatchingKey(world.matchingKeys[0]!, undefined),
  )
  const work = createWork(database, logIn(folder, world), createTell(logger, metrics.background), {
    webhooks: { key: webhookSealKey(sealKey), networks: options.webhookNetworks ?? [] },
    documents: join(folder, 'documents'),
  })
  const app = await createApp({
    ...{ database, logger, origin: world.origin, holders: embedded, wake: work.wake },
    sealKey,
    // As good as no work: how much it is has tests of its own.
    countersMax: 3,
    tokenPublicKey: await readPublicKey(tokenKeyFile),
    documentsFolder: join(folder, 'documents'),
    ...{ ...options, metrics },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  work.start()
  t.teardown(async () => {
    await app.close()
    await work.stop()
    await embedded.close()
    await database.close()
    await databases.drop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    ...{ app, database, databases, world, url, folder },
    holders: embedded,
    log: () => lines.join(''),
  }
}
