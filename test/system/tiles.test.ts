/**
 * Goal: a reader of tiles that is not ours finds the log whole, as it is served and as files, and does not
 * when any part of it was spoiled.
 * Method: `fsck` of Go's Tessera, which knows nothing of this service but the key of its log. Its exit
 * status says nothing, and on a log that it refuses it may not end: what counts is its line of success.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { appendAll } from '../../src/audit/service.ts'
import { verifierKey } from '../../src/protocol/log/key.ts'
import { entriesBelow, tileAt, tilePath } from '../../src/protocol/log/tile.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { keyOfLog, readCheckpoint, served } from '../helpers/servedlog.ts'
import { asSuperuser, untilSequenced } from '../helpers/superuser.ts'

const success = "Successfully fsck'd log"

const built = await build(t)
const { world, url, database, folder } = built
const sql = asSuperuser(t, built.databases)
const token = await world.token(world.clients.auditor)
const keyFile = join(folder, 'log.vkey')
await writeFile(keyFile, verifierKey(keyOfLog(world)))

// Two full tiles and a partial one, below a partial tile of the level above.
await refer(built)
const acts = Array.from({ length: 600 }, () => ({ action: 'request.received' }) as const)
await database.inTransaction({ kind: 'system', request: newId() }, (tx) => appendAll(tx, acts))
await untilSequenced(sql)
t.teardown(() => requireBalanced(sql))

/** What `fsck` says of the log below `address`. One that is refused has so many seconds to be. */
async function fsck(address: string, secondsMax: number, flags: readonly string[] = []) {
  const given = [`--storage_url=${address}`, `--public_key=${keyFile}`, '--ui=false', ...flags]
  // Without the loader that tap gives to every child: this is another's program.
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn('timeout', [String(secondsMax), 'tessera-fsck', ...given], { env })
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  child.stderr.on('data', (text) => (said += text))
  await once(child, 'close')
  return said
}

/** The files of the log as it is now. */
async function copied(name: string): Promise<{ address: string; size: number; folder: string }> {
  const read = served(url, token)
  const { size } = await readCheckpoint(world, read)
  const to = join(folder, name)
  const paths = ['checkpoint']
  const levels = ['entries' as const, ...Array.from({ length: 8 }, (_, level) => level)]
  for (const level of levels) {
    const below = level === 'entries' ? 1 : entriesBelow(level)
    for (let index = 0; index * 256 * below < size; index += 1) {
      const id = tileAt(level, index, size)
      if (id) paths.push(tilePath(id))
    }
  }
  for (const path of paths) {
    const file = await read(path)
    if (!file) throw new Error(`${path} is not served`)
    await mkdir(dirname(join(to, path)), { recursive: true })
    await writeFile(join(to, path), file)
  }
  return { address: `${pathToFileURL(to)}/`, size, folder: to }
}

t.test('the log that is served is whole to it', async (t) => {
  const address = `${url}/v1/audit/logs/1/`
  t.match(await fsck(address, 60, [`--bearer_token=${token}`]), success)
  t.notMatch(await fsck(address, 3), success, 'and without a token it sees no entries')
})

t.test('a copy of its files is whole to it, and no spoiled one', async (t) => {
  const copy = await copied('copy')
  t.ok(copy.size > 512)
  t.match(await fsck(copy.address, 60), success)
  const spoilt = [
    'tile/entries/001',
    'tile/0/000',
    tilePath(tileAt(1, 0, copy.size)!),
    'checkpoint',
  ]
  for (const path of spoilt) {
    const file = join(copy.folder, path)
    const bytes = await readFile(file)
    const changed = Buffer.from(bytes)
    // Of a checkpoint the last digit of its size, of the rest a byte of the second hash or entry.
    const at = path === 'checkpoint' ? bytes.indexOf('\n', bytes.indexOf('\n') + 1) - 1 : 40
    changed[at] = changed[at]! ^ 1
    await writeFile(file, changed)
    t.notMatch(await fsck(copy.address, 3), success, path)
    await writeFile(file, bytes)
  }
  t.match(await fsck(copy.address, 60), success, 'each mended')
})
