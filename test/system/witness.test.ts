/**
 * Goal: a witness that is not ours signs the log as it is served, one log after the other, and stops one that was
 * set back or written anew, also where nothing else remembers.
 * Method: omniwitness of transparency.dev, given the log's key and nothing else of this service; the service as
 * a process of its own, on a PostgreSQL that is put back as it was.
 */
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createKeysetReader } from '../../src/client/index.ts'
import { sealKeyFile } from '../../src/protocol/keyfile.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { openCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { logKeyType, noteKey, verifierKey, witnessKeyType } from '../../src/protocol/log/key.ts'
import { verify } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { folderOf, intake, unbroken } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { freePort } from '../helpers/port.ts'
import { deployment, listening, type Service, start } from '../helpers/process.ts'
import { publishKeyset } from '../helpers/publish.ts'
import { refer } from '../helpers/referral.ts'
import { keyOfLog, readCheckpoint, requireLog, served } from '../helpers/servedlog.ts'
import { ownServer } from '../helpers/server.ts'
import { untilPaired, untilSequenced } from '../helpers/superuser.ts'

const server = await ownServer(t)
const { world, variables, sql, folder } = await deployment(t, server)
const file = (name: string) => join(folder, name)
const witness = await startWitness()
const auditor = await world.token(world.clients.auditor)

/** omniwitness, which knows one key of one log. */
async function startWitness() {
  const { publicKey, secretKey } = generateSigningKey()
  const name = 'witness.test'
  const key = noteKey(sha256, { name, type: witnessKeyType, publicKey })
  const { id } = noteKey(sha256, { name, type: logKeyType, publicKey })
  // Its key file (golang.org/x/mod/sumdb/note): the type, and the seed of RFC 8032.
  const seed = Buffer.from([logKeyType, ...secretKey.subarray(0, 32)]).toString('base64')
  await writeFile(
    file('witness.key'),
    `PRIVATE+KEY+${name}+${id.toString(16).padStart(8, '0')}+${seed}`,
  )
  const { name: origin } = keyOfLog(world)
  await writeFile(
    file('logs.yaml'),
    `Logs:\n  - Origin: ${origin}\n    PublicKey: ${verifierKey(keyOfLog(world))}\n`,
  )
  const address = `127.0.0.1:${await freePort()}`
  const { child, output, ended } = start(t, {}, [
    ...['omniwitness', `--listen=${address}`, '--metrics_listen='],
    ...[`--private_key_path=${file('witness.key')}`, `--db_file=${file('witness.db')}`],
    `--additional_logs=${file('logs.yaml')}`,
  ])
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', () => output().includes('HTTP server goroutine started') && resolve())
    ended.then(() => reject(new Error(`it ended: ${output()}`)), reject)
  })
  const policy = `witness first ${verifierKey(key)} http://${address}/\nquorum first\n`
  await writeFile(file('policy'), policy)
  return { key }
}

/** The service with a memory of its own outside the database; `given` are further variables. */
function serve(memory: string, given: Record<string, string> = {}): Promise<Service> {
  return listening(t, {
    ...{ ...variables, LOG_LEVEL: 'warn', CHECKPOINT_FILE: file(memory) },
    ...{ WITNESS_FILE: file('policy'), ...given },
  })
}

async function stop({ child, ended }: Service): Promise<void> {
  child.kill('SIGTERM')
  t.equal(await ended, 0)
}

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What `/readyz` says, once it answers with this status. */
function untilReady({ url }: Service, status: number): Promise<string> {
  return until(async () => {
    const answer = await fetch(`${url}/readyz`)
    const said = await answer.text()
    return answer.status === status ? said : undefined
  })
}

/** The checkpoint that is served, once the witness has signed it. */
async function cosigned({ url }: Service) {
  await untilSequenced(sql)
  return until(async () => {
    const answer = await fetch(`${url}/v1/audit/logs/1/checkpoint`)
    const opened = openCheckpoint(await answer.text(), [keyOfLog(world), witness.key], verify)
    return opened.verified.some(({ key }) => key === witness.key) ? opened : undefined
  })
}

/** Refers until the log has more than so many entries. */
async function grow({ url }: Service, entries: number): Promise<void> {
  for (;;) {
    await refer({ world, url })
    await untilSequenced(sql)
    const { size } = await readCheckpoint(world, served(url, auditor))
    if (size > entries) return
  }
}

/** The folder of the database, and a copy of it. */
const [{ data }] = await sql<[{ data: string }]>`select current_setting('data_directory') as data`
const backup = `${data}-backup`

async function copyData(from: string, to: string): Promise<void> {
  await server.stop()
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true })
  await server.start()
}

let signed = 0

t.test('it signs what grew, and all who read see that', async (t) => {
  const log = { ...world.keyset.log, witnesses: [verifierKey(witness.key)], quorum: 1 }
  await publishKeyset({ databases: server, world }, { ...world.keyset, log })
  // While a new key takes over a checkpoint has two signatures, and the witness knows of one key.
  await writeFile(file('new.key'), sealKeyFile({ signing: generateSigningKey() }, undefined))
  const first = await serve('checkpoint', {
    AUDIT_KEY_FILE: `${file('new.key')},${variables.AUDIT_KEY_FILE}`,
  })
  const early = await cosigned(first)
  t.equal(early.note.signatures.length, 3)

  await copyData(data, backup)
  await untilReady(first, 200)
  await grow(first, early.size)
  await untilPaired(sql)
  await untilSequenced(sql)
  await stop(first)
  const service = await serve('checkpoint')
  const { size } = await cosigned(service)
  t.ok(size > early.size, 'with a proof from what it signed before')
  signed = size

  const home = await folderOf(t)
  await writeFile(join(home, 'trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
  const environment = { INTAKE_URL: service.url, INTAKE_HOME: home, INTAKE_TOKEN: auditor }
  const { code, out, err } = unbroken(await intake(['audit', 'verify'], environment))
  t.same([code, err], [0, ''])
  t.match(out, /It is witnessed by witness\.test at \d{4}-/)
  // It has grown since, and a witness is shown it again in an hour.
  await untilSequenced(sql)
  const grown = unbroken(await intake(['audit', 'verify'], environment))
  t.equal(grown.code, 0)
  t.match(grown.out, 'It is unwitnessed.')
  t.match(grown.out, new RegExp(`Of its first ${size} entries: It is witnessed by witness\\.test`))
  const options = { trust: world.trust, url: service.url }
  const { witnessing, warnings } = await createKeysetReader(options).newest()
  t.match(
    { witnessing, warnings },
    {
      ...{ witnessing: { by: [{ name: 'witness.test' }], isQuorum: true }, warnings: [] },
    },
  )
  await stop(service)
})

t.test('a database that was put back stops, where only the witness remembers', async (t) => {
  await copyData(backup, data)
  const service = await serve('none')
  t.match(await untilReady(service, 503), `witness.test has signed ${signed} entries`)
  await refer({ world, url: service.url })
  const { size } = await readCheckpoint(world, served(service.url, auditor))
  t.ok(size < signed, 'nothing was signed')
  await stop(service)
})

t.test(
  'and so does one that has grown another way since, until its log is restarted',
  async (t) => {
    const alone = await serve('other', { WITNESS_FILE: '' })
    await grow(alone, signed)
    await stop(alone)
    const service = await serve('other')
    t.match(await untilReady(service, 503), 'witness.test has signed another tree')
    const host = {
      ...{ DATABASE_OWNER_URL: server.ownerUrl, ORIGIN: world.origin },
      CHECKPOINT_FILE: file('other'),
    }
    const restarted = await intake(['admin', 'log', 'restart', '--reason', 'A restore'], host)
    t.equal(restarted.code, 0, restarted.err)
    await untilReady(service, 200)
    await untilSequenced(sql)
    const { said } = await requireLog(world, served(service.url, auditor, 2), [], 2)
    t.match(said[0], { action: 'log.restarted' })
    // The next log has an origin of its own, of which the witness was not told.
    const told = /^.*"code":"(404|500)".*"witness":"witness\.test".*did not sign the checkpoint.*$/m
    await until(async () => told.exec(service.output()) ?? undefined)
    await requireBalanced(sql)
  },
)
