/**
 * Verifying a whole log from a folder, beside hashing its leaves and nodes and doing nothing else; and a reader
 * that is not ours on the same folder, where `tessera-fsck` is installed (.ci/run).
 */
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hasher } from '../../src/audit/tree.ts'
import { writeBundle } from '../../src/protocol/log/bundle.ts'
import { parseCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { logKeyType, noteKey, verifierKey } from '../../src/protocol/log/key.ts'
import { parseNote } from '../../src/protocol/log/note.ts'
import { tileAt, tilePath, tileWidth } from '../../src/protocol/log/tile.ts'
import { verifyLog } from '../../src/protocol/log/verify.ts'
import { originOfLog } from '../../src/protocol/logorigin.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { report, tell } from '../report.ts'
import type { Office, Offices } from './offices.ts'

export async function verifyingRatio({ world, folder }: Offices, office: Office): Promise<void> {
  const log = join(folder, 'log')
  const hashingMs = await exportLog(office, log)
  const checkpoint = await readFile(join(log, 'checkpoint'), 'utf8')
  const state = parseCheckpoint(parseNote(checkpoint).text)
  const begun = performance.now()
  await verifyLog(hasher, (path) => readFile(join(log, path)), state)
  const verifyingMs = performance.now() - begun
  const rate = (ms: number) => (state.size / ms) * 1000
  report('entries a second: verified, only hashed', rate(verifyingMs), rate(hashingMs), 0.5)

  const keyFile = join(folder, 'log.vkey')
  const { publicKey } = world.logKey
  const name = originOfLog(world.origin, 1)
  await writeFile(keyFile, verifierKey(noteKey(sha256, { name, type: logKeyType, publicKey })))
  const flags = [`--storage_url=${pathToFileURL(log)}/`, `--public_key=${keyFile}`, '--ui=false']
  const fsckBegun = performance.now()
  const { stdout, stderr } = spawnSync('timeout', ['300', 'tessera-fsck', ...flags])
  if (`${stdout}${stderr}`.includes("Successfully fsck'd log")) {
    tell('entries a second: verified by Tessera’s fsck', rate(performance.now() - fsckBegun))
  }
}

/** Writes the files of the log. @returns the milliseconds that hashing its leaves and nodes took meanwhile */
async function exportLog({ sql }: Office, folder: string): Promise<number> {
  const write = async (path: string, bytes: Uint8Array | string) => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  const [head] = await sql`select size::float8 as size, checkpoint from audit_log`
  const size: number = head?.size
  await write('checkpoint', head?.checkpoint)
  const tiles = sql`select level::int as level, n::float8 as index, hashes from audit_tile`
  for await (const rows of tiles.cursor(500)) {
    for (const { level, index, hashes } of rows) {
      await write(tilePath({ level, index, width: hashes.length / 32 }), hashes)
    }
  }
  let ms = 0
  for (let index = 0; index * tileWidth < size; index += 1) {
    const rows = await sql<{ leaf: Uint8Array }[]>`
      select e.leaf from audit_index i join audit_entry e on e.id = i.entry_id
      where i.log = 1 and i.index >= ${index * tileWidth} and i.index < ${(index + 1) * tileWidth}
      order by i.index`
    const leaves = rows.map(({ leaf }) => leaf)
    await write(tilePath(tileAt('entries', index, size)!), writeBundle(leaves))
    ms += hashingMs(leaves.map((leaf) => Buffer.concat([Uint8Array.of(0), leaf])))
  }
  return ms
}

const node = new Uint8Array(65).fill(1)

/** Of leaves with their prefix, and of as many nodes. */
function hashingMs(leaves: readonly Uint8Array[]): number {
  const begun = performance.now()
  for (const leaf of leaves) sha256(leaf)
  for (let count = 0; count < leaves.length; count += 1) sha256(node)
  return performance.now() - begun
}
