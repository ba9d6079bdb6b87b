/** The service as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import { sealKeyFile } from '../../src/protocol/keyfile.ts'
import { cloneDatabase, type TestDatabase } from './postgres.ts'
import { asSuperuser } from './superuser.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Service = {
  readonly child: ChildProcess
  readonly url: string
  /** What it printed so far. */
  output(): string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

export type Variables = Readonly<Record<string, string>>

/** Starts `command` in the repository with `variables` beside the environment of this process. */
export function start(
  t: Pick<Test, 'teardown'>,
  variables: Variables,
  command: readonly string[] = [process.execPath, 'src/server.ts'],
): Omit<Service, 'url'> {
  const assigned = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  // env(1) becomes the command, so that the child's id is that of the service.
  const child = spawn('env', [...assigned, ...command], { cwd: root })
  let printed = ''
  child.stdout.on('data', (text) => (printed += text))
  child.stderr.on('data', (text) => (printed += text))
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no code'))
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, output: () => printed, ended }
}

/** The same, once it listens. */
export async function listening(
  t: Pick<Test, 'teardown'>,
  variables: Variables,
  command?: readonly string[],
): Promise<Service> {
  const service = start(t, variables, command)
  const url = await new Promise<string>((resolve, reject) => {
    const look = () => {
      const [, found] = /listens on (http:\S+)/.exec(service.output()) ?? []
      if (found) resolve(found)
    }
    service.child.stdout?.on('data', look)
    service.ended.then(() => reject(new Error(`it ended: ${service.output()}`)), reject)
  })
  return { ...service, url }
}

type Databases = Pick<TestDatabase, 'url' | 'ownerUrl' | 'superuserUrl'>

/**
 * A database with keys published, and the variables of a service on it.
 *
 * @param given - a database that is there; if left out, one of this test's own in the run's server
 */
export async function deployment(t: Pick<Test, 'teardown'>, given?: Databases) {
  const databases = given ?? (await clonedFor(t))
  const folder = await mkdtemp(join(tmpdir(), 'intake-process-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const tokenKeyFile = join(folder, 'token-key.pem')
  const { ownerUrl } = databases
  const world = await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile })
  const logKeyFile = join(folder, 'log.key')
  await writeFile(logKeyFile, sealKeyFile({ signing: world.logKey }, undefined), { mode: 0o600 })
  const variables = {
    ...{ HOST: '127.0.0.1', PORT: '0', ORIGIN: 'intake.test', LOG_LEVEL: 'error' },
    ...{ DATABASE_URL: databases.url, TOKEN_KEY_FILE: tokenKeyFile, DATA_DIR: folder },
    AUDIT_KEY_FILE: logKeyFile,
  }
  return { world, databases, variables, sql: asSuperuser(t, databases), folder }
}

async function clonedFor(t: Pick<Test, 'teardown'>): Promise<TestDatabase> {
  const databases = await cloneDatabase()
  t.teardown(() => databases.drop())
  return databases
}
