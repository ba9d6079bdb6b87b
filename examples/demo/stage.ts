/** The stage: PostgreSQL, the ceremony, and the service as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import {
  createReader,
  createReferrer,
  type Reader,
  type Referrer,
  type Unmatched,
} from '../../src/client/index.ts'
import { type EmbeddedDatabase, startEmbedded, stopEmbedded } from '../../src/database/embedded.ts'
import { sealKeyFile } from '../../src/protocol/keyfile.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { holdCeremony, type World } from '../ceremony.ts'
import type { Ending } from './ending.ts'

export type Stage = {
  readonly folder: string
  readonly url: string
  readonly world: World
  /** PostgreSQL's superuser: the thief, and the hand that turns a bit. */
  readonly superuser: Sql
  /** The owner's login, as the administrator has it. */
  readonly ownerUrl: string
  readonly ending: Ending
  referrer(name: keyof World['referring']): Referrer
  reader(name: 'casework' | 'clinic'): Reader
}

const origin = 'intake.example.org'
/** A tenth of what a real deployment asks for each key of a person: nobody is to wait for a demo. */
const stretching = { passes: 1, memoryKiB: 4096 }

/** Starts everything in a new folder. @param port - of the service; 0: any that is free */
export async function startStage(ending: Ending, port: number): Promise<Stage> {
  const folder = join(tmpdir(), `referral-intake-demo-${newId()}`)
  await ending.make(
    () => mkdir(folder, { mode: 0o700 }),
    () => rm(folder, { recursive: true, force: true }),
  )
  const embedded = await startPostgres(ending, join(folder, 'postgres'))
  const tokenKeyFile = join(folder, 'token-key.pem')
  const matchingKey = generateMatchingKey()
  const world = await holdCeremony({
    ...{ ownerUrl: embedded.ownerUrl, origin, tokenKeyFile },
    matching: { keys: [matchingKey], argon2id: stretching },
  })
  const matchingKeyFile = join(folder, 'matching-key.json')
  await writeFile(matchingKeyFile, sealMatchingKey(matchingKey, undefined), { mode: 0o600 })
  const logKeyFile = join(folder, 'log.key')
  await writeFile(logKeyFile, sealKeyFile({ signing: world.logKey }, undefined), { mode: 0o600 })
  const url = await startService(ending, folder, {
    DATABASE_URL: embedded.url,
    TOKEN_KEY_FILE: tokenKeyFile,
    ORIGIN: origin,
    // The day's total is counted there: a demo has one of its own.
    DATA_DIR: folder,
    MATCHING_KEY_FILES: matchingKeyFile,
    AUDIT_KEY_FILE: logKeyFile,
    MATCHING_ELEMENTS_PER_CLIENT: '1000',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1',
    PORT: String(port),
  })
  const superuser = postgres(embedded.superuserUrl, { max: 1, onnotice: () => {} })
  const common = (clientId: string) => {
    const token = world.token(clientId)
    return { url, trust: world.trust, token: () => token }
  }
  return {
    ...{ folder, url, world, superuser, ending, ownerUrl: embedded.ownerUrl },
    referrer(name) {
      const { clientId, signing } = world.referring[name]
      const onUnmatched = ({ detail }: Unmatched) => {
        if (!ending.isOver) console.warn(`sealed without match keys: ${detail}`)
      }
      // The examples hold days that have passed since, and the screen has its own words for the rest.
      const onWarnings = () => {}
      return createReferrer({ ...common(clientId), signer: signing, onUnmatched, onWarnings })
    },
    reader: (name) =>
      createReader({ ...common(world.clients[name]), recipient: world.recipients[name] }),
  }
}

async function startPostgres(ending: Ending, home: string): Promise<EmbeddedDatabase> {
  return ending.make(
    // Every statement with its parameters goes to a log that act 3 searches.
    () => startEmbedded(home, { log_statement: 'all' }),
    // By its folder, because it may run although its start was cut short; or not at all.
    () => stopEmbedded(home).catch(() => {}),
  )
}

async function startService(
  ending: Ending,
  folder: string,
  variables: Record<string, string>,
): Promise<string> {
  const server = join(import.meta.dirname, '../../src/server.ts')
  // Of this terminal's own settings none: a DATABASE_URL or a HOST there is meant for another service.
  const { PATH, NODE_OPTIONS } = process.env
  let service: ChildProcess | undefined
  const start = async () => {
    const child = spawn(process.execPath, [server], {
      env: { PATH, NODE_OPTIONS, ...variables },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    service = child
    child.stdout.pipe(createWriteStream(join(folder, 'service.log')))
    return new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error('the service ended before it listened')))
      child.stdout.on('data', (chunk) => {
        const [, found] = /listens on (\S+)/.exec(String(chunk)) ?? []
        if (found) resolve(found)
      })
    })
  }
  return ending.make(start, async () => {
    if (!service || service.exitCode !== null || service.signalCode !== null) return
    service.kill('SIGTERM')
    await once(service, 'exit')
  })
}
