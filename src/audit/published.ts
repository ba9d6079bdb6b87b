/**
 * What of the log is published: the checkpoint and the hash tiles to everybody, and the entries themselves in
 * bundles to auditors, all in the form of C2SP tlog-tiles, which public tools read.
 */
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { writeBundle } from '../protocol/log/bundle.ts'
import { hashBytes } from '../protocol/log/hash.ts'
import { parseTilePath, type TileId, tileWidth } from '../protocol/log/tile.ts'
import { append } from './service.ts'
import { selectCheckpoint, selectLeaves, selectTiles } from './tree-store.ts'

/** The newest checkpoint of a log, with what witnesses signed of it. @throws Refusal `not-found` */
export async function readCheckpoint(tx: Tx, n: number): Promise<string> {
  const { checkpoint, lines } = (await selectCheckpoint(tx, n)) ?? notThere()
  return checkpoint + lines.join('')
}

/**
 * A hash tile, whole or so much of it as is asked for.
 *
 * @param path - below the log, as `tile/0/x001/234.p/8`
 * @throws Refusal `not-found` for one that is not there, or not as wide yet
 */
export async function readTile(tx: Tx, n: number, path: string): Promise<Uint8Array> {
  const { level, index, width } = parsed(path)
  if (level === 'entries') return notThere()
  const [tile] = await selectTiles(tx, n, [{ level, index }])
  if (!tile || tile.hashes.length < width * hashBytes) return notThere()
  return tile.hashes.subarray(0, width * hashBytes)
}

const hourMs = 3_600_000

/** Bundles of entries. Reading them is an entry of its own, one an hour for each caller and replica. */
export function createBundles(database: Database) {
  let hour = 0
  let recorded = new Set<string>()

  /** The bundle at `path` below the log. @throws Refusal `not-found` */
  return async (caller: KnownCaller, n: number, path: string): Promise<Uint8Array> => {
    const { index, width } = parsed(path)
    const now = Math.floor(Date.now() / hourMs)
    if (now !== hour) [hour, recorded] = [now, new Set()]
    const reader = `${n} ${caller.clientId} ${caller.person ?? ''}`
    const isDue = !recorded.has(reader)
    const leaves = await database.inTransaction(caller, async (tx) => {
      const first = index * tileWidth
      const leaves = await selectLeaves(tx, n, first, first + width)
      if (leaves.length < width) return notThere()
      if (isDue) await append(tx, { action: 'audit.fetched', object: logOf(n) })
      return leaves
    })
    // Not before it is committed: the entry that says so would be missing.
    recorded.add(reader)
    return writeBundle(leaves)
  }
}

function logOf(n: number) {
  return { kind: 'log', id: String(n) } as const
}

function parsed(path: string): TileId {
  return parseTilePath(path) ?? notThere()
}

function notThere(): never {
  throw new Refusal('not-found', 'the log has no such file, or not yet')
}
