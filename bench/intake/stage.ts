/** A PostgreSQL, the service and whatever is beside it, each a process of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdCeremony, type World } from '../../examples/ceremony.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { type SealInput, sealReferral } from '../../src/protocol/envelope/seal.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { completeReferral, type Draft } from '../../src/referral/draft.ts'
import { newPerson, type Person } from '../matching/person.ts'
import type { Body } from './load.ts'

export type Stage = {
  readonly world: World
  readonly url: string
  readonly ownerUrl: string
  readonly superuserUrl: string
  /** Starts a process that listens; `script` is relative to the project, `flags` are those of Node.js. */
  start(script: string, flags?: readonly string[]): Promise<{ url: string; process: ChildProcess }>
  close(): Promise<void>
}

export async function startStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  const embedded = await startEmbedded(join(folder, 'postgres'))
  const tokenKeyFile = join(folder, 'token-key.pem')
  const { ownerUrl, superuserUrl } = embedded
  const world = await holdCeremony({ ownerUrl, origin: 'intake.bench', tokenKeyFile })
  const environment = {
    DATABASE_URL: embedded.url,
    TOKEN_KEY_FILE: tokenKeyFile,
    ORIGIN: world.origin,
    DATA_DIR: folder,
    PORT: '0',
    // Less would measure the budget.
    CLIENT_REQUESTS_PER_MINUTE: String(1_000_000),
    OPENINGS_PER_HOUR: String(1_000_000),
    LOG_LEVEL: 'warn',
  }
  const started: ChildProcess[] = []
  return {
    world,
    ...{ url: embedded.url, ownerUrl, superuserUrl },
    async start(script, flags = []) {
      const child = spawn(process.execPath, [...flags, script], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      started.push(child)
      const url = await new Promise<string>((resolve, reject) => {
        child.once('exit', () => reject(new Error(`${script} ended before it listened`)))
        child.stdout.on('data', (chunk) => {
          const [, found] = /listens on (\S+)/.exec(String(chunk)) ?? []
          if (found) resolve(found)
        })
      })
      return { url, process: child }
    },
    async close() {
      for (const child of started) {
        child.kill('SIGTERM')
        if (child.exitCode === null) await once(child, 'exit')
      }
      await embedded.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Builds what the image runs, and gives all that is started from now on what the image gives it.
 *
 * @returns the script of the service
 */
export function asImageRuns(): string {
  execFileSync('npm', ['run', 'build', '--silent'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8')
  for (const [, name = '', value] of dockerfile.matchAll(/^ENV (\w+)="?(.+?)"?$/gm)) {
    process.env[name] = value
  }
  return 'dist/service/server.js'
}

/**
 * How a typical referral is sealed: one of the examples, to the three recipients of the keyset,
 * about a person whom nobody referred before, or one with the match values that are given.
 */
export async function sealer(world: World): Promise<(values?: Person) => Body> {
  const file = join(import.meta.dirname, '../../examples/referrals/law-firm-01.json')
  const draft: Draft = JSON.parse(await readFile(file, 'utf8'))
  const input: Omit<SealInput, 'referralId' | 'now' | 'matching'> = {
    referral: completeReferral(draft.referral),
    channel: draft.channel,
    urgency: 'standard',
    region: draft.region,
    keyset: { keyset: world.keyset, sha256: encodeBase64url(sha256(canonicalBytes(world.keyset))) },
    signer: world.referring.lawFirm.signing,
  }
  const [listed] = world.keyset.matching
  if (!listed) throw new Error('the keyset lists no epoch of match keys')
  const { epoch } = listed
  return (values = newPerson()) => {
    const own = { referralId: newId(), now: new Date(), matching: { epoch, values } }
    const envelope = sealReferral({ ...input, ...own })
    return { id: envelope.header.referralId, bytes: Buffer.from(JSON.stringify(envelope)) }
  }
}

/** Resident memory of a process in MB, as Linux counts it. */
export async function residentMb(process: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
