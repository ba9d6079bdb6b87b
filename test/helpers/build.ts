/** The service as a test needs it: real, listening, on a database of its own, its keys published. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { holdCeremony, type World } from '../../examples/ceremony.ts'
import { readPublicKey } from '../../src/access/token.ts'
import { type App, createApp } from '../../src/app.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { createLogger } from '../../src/log.ts'
import { cloneDatabase, type TestDatabase } from './postgres.ts'

export type Built = {
  readonly app: App
  readonly database: Database
  readonly databases: TestDatabase
  readonly world: World
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** A folder of this test's own. */
  readonly folder: string
  /** All that the service logged so far. */
  log(): string
}

/** Starts a service; it is closed, its database dropped and its folder removed when `t` ends. */
export async function build(t: Pick<Test, 'teardown'>): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-build-'))
  const databases = await cloneDatabase()
  const tokenKeyFile = join(folder, 'token-key.pem')
  const { ownerUrl } = databases
  const world = await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile })
  const database = connect({ url: databases.url, connectionsMax: 10, prepare: true })
  const lines: string[] = []
  const app = await createApp({
    database,
    origin: world.origin,
    tokenPublicKey: await readPublicKey(tokenKeyFile),
    logger: createLogger('debug', { write: (line: string) => void lines.push(line) }),
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await app.close()
    await database.close()
    await databases.drop()
    await rm(folder, { recursive: true, force: true })
  })
  return { app, database, databases, world, url, folder, log: () => lines.join('') }
}
