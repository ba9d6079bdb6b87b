/**
 * Verifies a whole log: hashes every entry, compares every tile, and the root with the signed one.
 *
 * A log of a million entries is read in constant memory, one bundle at a time and a few ahead.
 */
import { edgeRoot, edgeTiles, readEdge } from './edge.ts'
import { LogFault } from './fault.ts'
import { hashBytes, sameHash, type TreeHasher } from './hash.ts'
import { consistencyHolds, inclusionHolds } from './proof.ts'
import { type Read, type TreeReader, treeReader } from './reader.ts'
import { entriesBelow, tileAt, tilePath, tileWidth } from './tile.ts'

/** A size and its root, as a checkpoint states them. */
export interface TreeState {
  size: number
  root: Uint8Array
}

/** How to verify a log. */
export interface VerifyOptions {
  /**
   * A state that is already known to be true: only later entries are read, and they must continue
   * it. Left out, all are read.
   */
  from?: TreeState
  /**
   * Called after each bundle with the entries that were read from it, views of a buffer, and the
   * index of the first one. Their hashes are compared, but the root is not yet.
   */
  onEntries?: (first: number, entries: readonly Uint8Array[]) => void
}

/** As many bundles as are asked for before they are hashed. */
const bundlesAhead = 4

/**
 * Returns if every entry and every tile of the log are what a checkpoint signed.
 *
 * @throws LogFault with the first entry or tile that is missing, malformed or wrong; `inconsistent` or
 *   `rolled-back` if the log does not continue `from`; `root-wrong` if all files agree with one another
 *   and not with the checkpoint
 */
export async function verifyLog(
  hasher: TreeHasher,
  read: Read,
  state: TreeState,
  { from, onEntries }: VerifyOptions = {},
): Promise<void> {
  const reader = treeReader(hasher, read, state.size)
  const rows = await rowsFrom(hasher, reader, from)
  const start = from?.size ?? 0
  const first = Math.floor(start / tileWidth)
  for await (const { index, entries, hashes } of bundles(reader, first)) {
    const skipped = index === first ? start % tileWidth : 0
    const fresh = skipped === 0 ? entries : entries.slice(skipped)
    const row = rowAt(rows, 0)
    for (const entry of fresh) {
      const hash = hasher.leaf(entry)
      if (!isAt(hashes, row.count, hash))
        await blame(hasher, reader, state, 0, index, row.count, hash)
      row.hashes.set(hash, row.count * hashBytes)
      row.count++
    }
    await raise(hasher, reader, state, rows, index)
    onEntries?.(index * tileWidth + skipped, fresh)
  }
  const partials = rows.map(({ hashes, count }) => hashes.subarray(0, count * hashBytes))
  if (!sameHash(edgeRoot(hasher, { size: state.size, partials }), state.root)) {
    throw new LogFault('root-wrong', 'the entries do not make the root of the checkpoint')
  }
}

/**
 * Returns if the log's later state begins with all of the earlier one, by the hashes in its tiles.
 *
 * @throws LogFault `rolled-back` if the later one is smaller, `inconsistent` if it differs, and what
 *   `treeReader` throws
 */
export async function verifyConsistency(
  hasher: TreeHasher,
  read: Read,
  earlier: TreeState,
  later: TreeState,
): Promise<void> {
  refuseSmaller(earlier, later.size)
  if (earlier.size === 0) return
  const proof =
    earlier.size === later.size
      ? []
      : await treeReader(hasher, read, later.size).consistency(earlier.size)
  if (!consistencyHolds(hasher, { earlier, later, proof })) {
    throw new LogFault('inconsistent', 'the log does not begin with what was signed before')
  }
}

function refuseSmaller(earlier: TreeState, size: number): void {
  if (size >= earlier.size) return
  throw new LogFault('rolled-back', `the log had ${earlier.size} entries and has ${size}`)
}

/** The hashes at one level that are not yet under a node of the next level of tiles. */
interface Row {
  hashes: Uint8Array
  count: number
}

function rowAt(rows: Row[], level: number): Row {
  const row = rows[level] ?? { hashes: new Uint8Array(tileWidth * hashBytes), count: 0 }
  rows[level] = row
  return row
}

/** What the known state left behind, checked against its root. */
async function rowsFrom(
  hasher: TreeHasher,
  reader: TreeReader,
  from: TreeState | undefined,
): Promise<Row[]> {
  const rows: Row[] = []
  rowAt(rows, 0)
  if (!from || from.size === 0) return rows
  refuseSmaller(from, reader.size)
  const tiles = new Map<number, Uint8Array>()
  for (const { level, index } of edgeTiles(from.size)) {
    tiles.set(level, await reader.tile(level, index))
  }
  const edge = readEdge(from.size, ({ level }) => tiles.get(level))
  if (!sameHash(edgeRoot(hasher, edge), from.root)) {
    throw new LogFault('inconsistent', 'the log does not begin with what was signed before')
  }
  edge.partials.forEach((partial, level) => {
    const row = rowAt(rows, level)
    row.hashes.set(partial)
    row.count = partial.length / hashBytes
  })
  return rows
}

/** Empties each row that is full into the hash above it, which the next tile must hold. */
async function raise(
  hasher: TreeHasher,
  reader: TreeReader,
  state: TreeState,
  rows: Row[],
  bundle: number,
): Promise<void> {
  let done = bundle
  for (let level = 0; rowAt(rows, level).count === tileWidth; level++) {
    const row = rowAt(rows, level)
    const above = rowAt(rows, level + 1)
    const hash = hasher.root(row.hashes)
    const index = Math.floor(done / tileWidth)
    const hashes = await reader.tile(level + 1, index)
    if (!isAt(hashes, above.count, hash)) {
      await blame(hasher, reader, state, level + 1, index, above.count, hash)
    }
    above.hashes.set(hash, above.count * hashBytes)
    above.count++
    row.count = 0
    done = index
  }
}

/**
 * Two files disagree: `hash` comes from below, and the tile holds another. The signed root decides
 * which of them is wrong, by the proof of the first entry that both stand for.
 */
async function blame(
  hasher: TreeHasher,
  reader: TreeReader,
  { size, root }: TreeState,
  level: number,
  tile: number,
  position: number,
  hash: Uint8Array,
): Promise<never> {
  const below = tile * tileWidth + position
  const index = below * entriesBelow(level)
  const leafHash = level === 0 ? hash : await reader.leafHash(index)
  const proof = await reader.inclusion(index)
  if (inclusionHolds(hasher, { index, size, leafHash, root, proof })) {
    throw tileWrong(level, tile, size, index)
  }
  if (level > 0) throw tileWrong(level - 1, below, size, index)
  throw new LogFault('entry-wrong', `entry ${index} is not what was signed`, { index })
}

function tileWrong(level: number, tile: number, size: number, index: number): LogFault {
  const path = tilePath(tileAt(level, tile, size) ?? { level, index: tile, width: tileWidth })
  return new LogFault('tile-wrong', `${path} is not what was signed`, { index, path })
}

function isAt(hashes: Uint8Array, position: number, hash: Uint8Array): boolean {
  const start = position * hashBytes
  for (let offset = 0; offset < hashBytes; offset++) {
    if (hashes[start + offset] !== hash[offset]) return false
  }
  return true
}

/** A bundle and the tile that its entries are compared with. */
interface Bundle {
  index: number
  entries: Uint8Array[]
  hashes: Uint8Array
}

/** The bundles in order, a few of them read ahead. */
async function* bundles(reader: TreeReader, first: number): AsyncGenerator<Bundle> {
  const count = Math.ceil(reader.size / tileWidth)
  const ahead: Promise<Bundle>[] = []
  let asked = first
  for (let index = first; index < count; index++) {
    for (; asked < count && asked < index + bundlesAhead; asked++) {
      const bundle = readBundle(reader, asked)
      // Its fault is met when its turn comes.
      bundle.catch(() => undefined)
      ahead.push(bundle)
    }
    const next = ahead.shift()
    if (next) yield await next
  }
}

async function readBundle(reader: TreeReader, index: number): Promise<Bundle> {
  const [entries, hashes] = await Promise.all([reader.bundle(index), reader.tile(0, index)])
  return { index, entries, hashes }
}
