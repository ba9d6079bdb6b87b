/**
 * One PostgreSQL for a whole test run, and in it a template database that is migrated once. Each
 * test file clones the template: thirty milliseconds, and nothing of another test in it.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { type EmbeddedDatabase, startEmbedded, stopEmbedded } from '../../src/database/embedded.ts'
import { newId } from '../../src/protocol/uuid.ts'

/**
 * Where the run's hooks tell the test processes which server is theirs. Both are children of the
 * one runner, so that two runs at once, in one tree, do not meet.
 */
const serverFile = join(tmpdir(), `intake-test-server-${process.ppid}.json`)

export type TestServer = Pick<EmbeddedDatabase, 'url' | 'ownerUrl' | 'superuserUrl'> & {
  readonly folder: string
}

/** A test run may lose its data in a crash, and is quicker for it. */
const settings = { fsync: 'off', max_connections: '200', shared_buffers: '64MB' }

/** Starts the run's server; `stopTestServer` ends it. */
export async function startTestServer(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-test-'))
  const { url, ownerUrl, superuserUrl } = await startEmbedded(folder, settings)
  const server: TestServer = { url, ownerUrl, superuserUrl, folder }
  await writeFile(serverFile, JSON.stringify(server), { mode: 0o600 })
}

/** Ends it and removes its files. */
export async function stopTestServer(): Promise<void> {
  const { folder } = await testServer()
  await stopEmbedded(folder)
  await rm(folder, { recursive: true, force: true })
  await rm(serverFile)
}

async function testServer(): Promise<TestServer> {
  return JSON.parse(await readFile(serverFile, 'utf8'))
}

export type TestDatabase = {
  readonly url: string
  readonly ownerUrl: string
  readonly superuserUrl: string
  drop(): Promise<void>
}

/** A migrated database of its own. */
export async function cloneDatabase(): Promise<TestDatabase> {
  const server = await testServer()
  const name = `test_${newId().replaceAll('-', '')}`
  const admin = server.superuserUrl.replace(/\/intake$/, '/postgres')
  await run(admin, `create database ${name} template intake owner intake_owner`)
  const inClone = (url: string) => url.replace(/\/intake$/, `/${name}`)
  return {
    url: inClone(server.url),
    ownerUrl: inClone(server.ownerUrl),
    superuserUrl: inClone(server.superuserUrl),
    drop: () => run(admin, `drop database ${name} with (force)`),
  }
}

/** One on a server that no other test uses: for what transactions of other databases would change. */
export async function databaseApart(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-apart-'))
  const { url, ownerUrl, superuserUrl } = await startEmbedded(folder, settings)
  async function drop() {
    await stopEmbedded(folder)
    await rm(folder, { recursive: true, force: true })
  }
  return { url, ownerUrl, superuserUrl, drop }
}

async function run(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}
