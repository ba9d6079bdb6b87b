/**
 * One measurement of the build that this file stands in, as one line of JSON. `bench.ts` runs it here and,
 * copied, in the build before: so it uses only what both have, by the same names. What it starts is what the
 * image runs, and for a partner's command what a partner has: dist, where the build makes it, else src.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { holderFiles } from '../../test/helpers/holder.ts'
import { putAll } from '../intake/load.ts'
import { residentMb, sealer, startStage } from '../intake/stage.ts'

/** Until what a start has left behind is collected. */
const idleSeconds = 15
const connections = 32
const bodies = 600
const rounds = 3

export type Measured = Readonly<Record<'ready' | 'idle' | 'after' | 'keyholder' | 'check', number>>

const root = new URL('../../', import.meta.url)
const server = first('dist/service/server.js', 'src/server.ts')
const intake = first('dist/service/intake.js', 'src/cli/intake.js')
const client = first('dist/client/cli/intake.js', 'src/cli/intake.js')

// What it starts has what the image gives it.
const dockerfile = readFileSync(new URL('Dockerfile', root), 'utf8')
for (const [, name = '', value] of dockerfile.matchAll(/^ENV (\w+)="?(.+?)"?$/gm)) {
  process.env[name] = value
}

const measured: Measured = {
  ...(await ofService()),
  keyholder: await ofKeyholder(),
  check: ofCheck(),
}
console.log(JSON.stringify(measured))

/** Seconds from the start to `/readyz`; MB of resident memory when it idles, and after a load of PUTs. */
async function ofService() {
  const stage = await startStage()
  try {
    const begun = performance.now()
    const service = await stage.start(server)
    while ((await fetch(`${service.url}/readyz`)).status !== 200) await sleep(5)
    const ready = (performance.now() - begun) / 1000
    await sleep(idleSeconds * 1000)
    const idle = await residentMb(service.process)
    const seal = await sealer(stage.world)
    const token = await stage.world.token(stage.world.referring.lawFirm.clientId)
    for (let round = 0; round < rounds; round += 1) {
      await putAll(service.url, token, Array.from({ length: bodies }, seal), connections)
    }
    return { ready, idle, after: await residentMb(service.process) }
  } finally {
    await stage.close()
  }
}

/** MB of resident memory of `intake matching-key serve`, idle. */
async function ofKeyholder(): Promise<number> {
  const ends: (() => unknown)[] = []
  const { generateMatchingKey } = await import(protocol('voprf.ts'))
  const { sealMatchingKey } = await import(protocol('matchingkey.ts'))
  const passphrase = 'as in a deployment'
  const files = await holderFiles({ teardown: (end) => ends.push(end) }, [])
  const key = await files.put('key.json', sealMatchingKey(generateMatchingKey(), passphrase))
  const flags = [...files.flags, '--key', key, '--port', '0']
  const child = spawn(process.execPath, [intake, 'matching-key', 'serve', ...flags], {
    env: { ...process.env, INTAKE_PASSPHRASE: passphrase },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await listening(child)
    await sleep(idleSeconds * 1000)
    return await residentMb(child)
  } finally {
    child.kill('SIGTERM')
    for (const end of ends) await end()
  }
}

/** Where the build keeps a module of matching: they have moved. */
function protocol(file: string): string {
  return new URL(first(`src/protocol/matching/${file}`, `src/protocol/${file}`), root).href
}

/** The first of two files of this build that there is. */
function first(preferred: string, other: string): string {
  return existsSync(new URL(preferred, root)) ? preferred : other
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the keyholder ended before it listened')))
    child.stdout?.on('data', (chunk) => {
      if (String(chunk).includes('listens on')) resolve()
    })
  })
}

/** Seconds that `intake check FILE` takes. */
function ofCheck(): number {
  const begun = performance.now()
  const command = [client, 'check', 'examples/referrals/law-firm-01.json']
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`intake check: ${stderr}`)
  return (performance.now() - begun) / 1000
}
