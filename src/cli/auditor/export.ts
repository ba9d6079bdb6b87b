import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createKeysetReader, NoAnswer, shown } from '../../client/index.ts'
import { makeFolder } from '../../disk.ts'
import { parseCheckpoint } from '../../protocol/log/checkpoint.ts'
import { parseNote } from '../../protocol/log/note.ts'
import { entriesBelow, type TileId, tileAt, tilePath, tileWidth } from '../../protocol/log/tile.ts'
import { type Command, type Report, UsageError } from '../command.ts'
import { connectionDetails, openServiceOf } from '../settings.ts'
import { type Get, getterOf, isBroken } from './getter.ts'
import { writePage } from './page.ts'
import { bytesOf, fileMs, keysetOptions } from './source.ts'

/** `intake audit export`. */
export const auditExport: Command = {
  operands: 'DIR',
  summary: 'Write the access log to a new folder, for people to look at and tools to check.',
  details: `The folder holds the newest checkpoint and all under it, as C2SP tlog-tiles names the files, so
that public tools read it, and openings.ndjson: the entries with who acted and what it was about.
index.html shows them in any browser, from disk, and checks them there by the key of the newest keyset.
The folder proves nothing by itself: a checkpoint that you or a witness kept is what it is compared with.

${connectionDetails}`,
  options: { log: { value: 'N', help: 'Which log: 1, or a later one.' }, ...keysetOptions },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const [folder = ''] = input.operands
    const get = await getterOf(input)
    const log = `/v1/audit/logs/${input.whole('log', 1, 1_000_000) ?? 1}`
    const fileAt = async (path: string) => {
      return bytesOf(await get(`${log}/${path}`, { timeoutMs: fileMs }))
    }
    const checkpoint = await fileAt('checkpoint')
    const { origin, size } = parseCheckpoint(parseNote(checkpoint).text)
    const { keyset } = await createKeysetReader(await openServiceOf(input)).newest()
    if (!(await makeFolder(folder))) throw new UsageError(`${folder} is there: name a new folder`)
    const tiles = [...tilesOf(size)]
    for (const tile of tiles) {
      const path = tilePath(tile)
      await save([await fileAt(path)], join(folder, path))
    }
    await save(await openingsBy(get), join(folder, 'openings.ndjson'))
    const { recipients, version, origin: deployment, log: believed } = keyset
    const about = {
      ...{ origin, size, written: new Date().toISOString() },
      keyset: { version, origin: deployment, log: believed },
      recipients: recipients.map(({ kid, label }) => ({ kid, label })),
    }
    await writePage(folder, about, tiles, new TextDecoder().decode(checkpoint))
    // The last, so that a folder without it is known not to be whole.
    await save([checkpoint], join(folder, 'checkpoint'))
    const page = join(folder, 'index.html')
    return {
      value: { folder, entries: size, page },
      text: `${shown(folder)}: ${size} entries of the access log, with their openings.\nTo look at them: ${shown(page)}`,
    }
  },
}

/** The entries and the hash tiles of a tree of `size` entries. */
function* tilesOf(size: number): Generator<TileId> {
  for (let index = 0; index * tileWidth < size; index += 1) {
    const tile = tileAt('entries', index, size)
    if (tile) yield tile
  }
  for (let level = 0; entriesBelow(level) <= size; level += 1) {
    for (let index = 0; index * entriesBelow(level + 1) < size; index += 1) {
      const tile = tileAt(level, index, size)
      if (tile) yield tile
    }
  }
}

async function openingsBy(get: Get): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await get('/v1/audit/export?format=ndjson')
  return body ?? new ReadableStream()
}

async function save(
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  file: string,
): Promise<void> {
  await makeFolder(dirname(file))
  const handle = await open(file, 'wx', 0o600)
  try {
    await pipeline(Readable.from(bytes), handle.createWriteStream({ flush: true }))
  } catch (cause) {
    if (!isBroken(cause)) throw cause
    throw new NoAnswer('the service broke off within a file of the log', { cause })
  }
}
