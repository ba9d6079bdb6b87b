/**
 * Reads a tree of a known size from its files: C2SP tlog-tiles (c2sp.org/tlog-tiles).
 *
 * What it returns is what the files say. It proves something only after a hash has been compared
 * with that of a signed checkpoint: see `verify.ts`, `proof.ts`.
 */
import { parseBundle } from './bundle.ts'
import { LogFault } from './fault.ts'
import { hashBytes, type TreeHasher } from './hash.ts'
import { consistencySpans, inclusionSpans, type Span } from './span.ts'
import { type TileId, tileAt, tilePath, tileWidth } from './tile.ts'

/**
 * Returns the file at a path below the log's prefix, or `undefined` if there is none. The paths are
 * `checkpoint` and those of tiles and bundles.
 */
export type Read = (path: string) => Promise<Uint8Array | undefined>

/** The tree of one size. */
export interface TreeReader {
  readonly size: number
  /** The hashes of a tile that the tree has, without those by which it has grown since. */
  tile(level: number, index: number): Promise<Uint8Array>
  /** The entries of one bundle that the tree has. */
  bundle(index: number): Promise<Uint8Array[]>
  /** The leaf hash of entry `index`. */
  leafHash(index: number): Promise<Uint8Array>
  /** One entry. */
  entry(index: number): Promise<Uint8Array>
  /** The root that the tiles make at a size, this one or an earlier one. */
  rootAt(size: number): Promise<Uint8Array>
  /** The proof that entry `index` is in this tree. */
  inclusion(index: number): Promise<Uint8Array[]>
  /** The proof that this tree begins with the one of `earlier` entries, at least 1. */
  consistency(earlier: number): Promise<Uint8Array[]>
}

/** As many tiles as are kept in memory, 8 KiB each: more than one proof reads. */
const tilesKeptMax = 32

/**
 * Opens the tree of `size` entries. Each of its functions throws LogFault `tile-missing`,
 * `tile-malformed`, `entries-missing` or `entries-malformed`.
 */
export function treeReader(hasher: TreeHasher, read: Read, size: number): TreeReader {
  const kept = new Map<string, Uint8Array>()

  async function tile(level: number, index: number): Promise<Uint8Array> {
    const id = has(tileAt(level, index, size))
    const path = tilePath(id)
    const known = kept.get(path)
    if (known) return known
    const hashes = await readWhole(read, id)
    if (!hashes) throw new LogFault('tile-missing', `${path} is missing`, { path })
    const cut = hashes.subarray(0, id.width * hashBytes)
    if (cut.length !== id.width * hashBytes || hashes.length % hashBytes !== 0) {
      throw new LogFault('tile-malformed', `${path} has ${hashes.length} bytes`, { path })
    }
    kept.set(path, cut)
    const [oldest] = kept.keys()
    if (kept.size > tilesKeptMax && oldest !== undefined) kept.delete(oldest)
    return cut
  }

  async function bundle(index: number): Promise<Uint8Array[]> {
    const id = has(tileAt('entries', index, size))
    const path = tilePath(id)
    const bytes = await readWhole(read, id)
    if (!bytes) throw new LogFault('entries-missing', `${path} is missing`, { path })
    return parseBundle(bytes, id.width, path)
  }

  async function subtree(height: number, index: number): Promise<Uint8Array> {
    // The tile's own hashes stand for 8 levels of nodes each: the rest is hashed from them.
    const count = 2 ** (height % 8)
    const position = index * count
    const hashes = await tile(Math.floor(height / 8), Math.floor(position / tileWidth))
    const offset = (position % tileWidth) * hashBytes
    return hasher.root(hashes.subarray(offset, offset + count * hashBytes))
  }

  async function spanHash({ start, end }: Span): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let from = start; from < end; ) {
      let height = 0
      while (from % 2 ** (height + 1) === 0 && from + 2 ** (height + 1) <= end) height++
      parts.push(await subtree(height, from / 2 ** height))
      from += 2 ** height
    }
    return parts.reduceRight((right, left) => hasher.node(left, right))
  }

  return {
    size,
    tile,
    bundle,
    async leafHash(index) {
      return subtree(0, index)
    },
    async entry(index) {
      const entries = await bundle(Math.floor(index / tileWidth))
      return has(entries[index % tileWidth])
    },
    async rootAt(sizeThen) {
      return sizeThen === 0 ? hasher.empty() : spanHash({ start: 0, end: sizeThen })
    },
    async inclusion(index) {
      return hashesOf(inclusionSpans(index, size))
    },
    async consistency(earlier) {
      return hashesOf(consistencySpans(earlier, size))
    },
  }

  async function hashesOf(spans: Span[]): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = []
    for (const span of spans) hashes.push(await spanHash(span))
    return hashes
  }
}

/** A log may drop a partial file once the full one is there. */
async function readWhole(read: Read, id: TileId): Promise<Uint8Array | undefined> {
  const file = await read(tilePath(id))
  return file || id.width === tileWidth ? file : read(tilePath({ ...id, width: tileWidth }))
}

function has<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('the tree is smaller than that')
  return value
}
