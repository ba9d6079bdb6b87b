/** The stage: PostgreSQL, the ceremony, and the service as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { createReader, createReferrer, type Reader, type Referrer } from '../../src/client/index.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { sealMatchingKey } from '../../src/protocol/matchingkey.ts'
import { generateMatchingKey } from '../../src/protocol/voprf.ts'
import { holdCeremony, type World } from '../ceremony.ts'

export type Stage = {
  readonly folder: string
  readonly url: string
  readonly world: World
  /** PostgreSQL's superuser: the thief, and the hand that turns a bit. */
  readonly superuser: Sql
  referrer(name: keyof World['referring']): Referrer
  reader(name: 'casework' | 'clinic'): Reader
  close(): Promise<void>
}

const origin = 'intake.example.org'
/** A tenth of what a real deployment asks for each key of a person: nobody is to wait for a demo. */
const stretching = { passes: 1, memoryKiB: 4096 }

/** Starts everything in a new folder, which is removed at the end unless it is to be kept. */
export async function startStage(kept: boolean): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'referral-intake-demo-'))
  // Every statement with its parameters goes to a log that act 3 searches.
  const embedded = await startEmbedded(join(folder, 'postgres'), { log_statement: 'all' })
  const tokenKeyFile = join(folder, 'token-key.pem')
  const matchingKey = generateMatchingKey()
  const world = await holdCeremony({
    ...{ ownerUrl: embedded.ownerUrl, origin, tokenKeyFile },
    matching: { keys: [matchingKey], argon2id: stretching },
  })
  const matchingKeyFile = join(folder, 'matching-key.json')
  await writeFile(matchingKeyFile, sealMatchingKey(matchingKey, undefined), { mode: 0o600 })
  const { service, url } = await startService(folder, {
    DATABASE_URL: embedded.url,
    TOKEN_KEY_FILE: tokenKeyFile,
    ORIGIN: origin,
    // The day's total is counted there: a demo has one of its own.
    DATA_DIR: folder,
    MATCHING_KEY_FILES: matchingKeyFile,
    MATCHING_ELEMENTS_PER_CLIENT: '1000',
    PORT: kept ? '8080' : '0',
  })
  const superuser = postgres(embedded.superuserUrl, { max: 1, onnotice: () => {} })
  const common = (clientId: string) => {
    const token = world.token(clientId)
    return { url, trust: world.trust, token: () => token }
  }
  return {
    folder,
    url,
    world,
    superuser,
    referrer(name) {
      const { clientId, signing } = world.referring[name]
      return createReferrer({ ...common(clientId), signer: signing })
    },
    reader: (name) =>
      createReader({ ...common(world.clients[name]), recipient: world.recipients[name] }),
    async close() {
      await superuser.end()
      service.kill('SIGTERM')
      if (service.exitCode === null) await once(service, 'exit')
      await embedded.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startService(
  folder: string,
  environment: Record<string, string>,
): Promise<{ service: ChildProcess; url: string }> {
  const server = join(import.meta.dirname, '../../src/server.ts')
  const service = spawn(process.execPath, [server], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  service.stdout.pipe(createWriteStream(join(folder, 'service.log')))
  const url = await new Promise<string>((resolve, reject) => {
    service.once('exit', () => reject(new Error('the service ended before it listened')))
    service.stdout.on('data', (chunk) => {
      const [, found] = /listens on (\S+)/.exec(String(chunk)) ?? []
      if (found) resolve(found)
    })
  })
  return { service, url }
}
