/**
 * The right edge of a tree: all that is needed to append to it.
 *
 * It is exactly the partial tiles, one at most for each level, so that whoever keeps the tiles keeps
 * nothing besides: a second copy of the state could contradict the first.
 */
import { LogFault } from './fault.ts'
import { hashBytes, type TreeHasher } from './hash.ts'
import { entriesBelow, type Tile, type TileId, tilePath, tileWidth } from './tile.ts'

/** The partial tiles of a tree. Nothing changes it: appending returns another. */
export interface Edge {
  /** How many entries the tree has. */
  readonly size: number
  /** By level, the hashes of the partial tile, one after the other; of no length if all are full. */
  readonly partials: readonly Uint8Array[]
}

/** What appending made. */
export interface Appended {
  edge: Edge
  /**
   * The tiles that are new or grew, as they are now, lower levels first: each takes the place of the
   * narrower one with its level and index.
   */
  tiles: Tile[]
}

/** The edge of a tree without entries. */
export const emptyEdge: Edge = { size: 0, partials: [] }

/** The partial tiles that a tree of `size` entries has, and so what its edge is read from. */
export function edgeTiles(size: number): (TileId & { level: number })[] {
  const tiles: (TileId & { level: number })[] = []
  for (let level = 0; entriesBelow(level) <= size; level++) {
    const hashes = Math.floor(size / entriesBelow(level))
    const width = hashes % tileWidth
    if (width > 0) tiles.push({ level, index: Math.floor(hashes / tileWidth), width })
  }
  return tiles
}

/**
 * The edge of a tree of `size` entries.
 *
 * @param read - returns the hashes of a partial tile of `edgeTiles(size)`; more than `width` of them
 *   if it has grown since, of which the first ones count
 * @throws LogFault `tile-missing` or `tile-malformed`
 */
export function readEdge(
  size: number,
  read: (tile: TileId & { level: number }) => Uint8Array | undefined,
): Edge {
  const partials: Uint8Array[] = []
  for (const tile of edgeTiles(size)) {
    const hashes = read(tile)
    const path = tilePath(tile)
    if (!hashes) throw new LogFault('tile-missing', `${path} is missing`, { path })
    if (hashes.length % hashBytes !== 0 || hashes.length < tile.width * hashBytes) {
      throw new LogFault('tile-malformed', `${path} has ${hashes.length} bytes`, { path })
    }
    while (partials.length < tile.level) partials.push(new Uint8Array(0))
    partials.push(hashes.slice(0, tile.width * hashBytes))
  }
  return { size, partials }
}

/** Appends the leaf hashes of entries. Costs as many hashes as there are new nodes in full tiles. */
export function append(
  hasher: TreeHasher,
  edge: Edge,
  leafHashes: readonly Uint8Array[],
): Appended {
  const tiles: Tile[] = []
  const partials: Uint8Array[] = []
  let rising = leafHashes
  for (let level = 0; level < edge.partials.length || rising.length > 0; level++) {
    const row = joined(edge.partials[level] ?? new Uint8Array(0), rising)
    const first = Math.floor(edge.size / entriesBelow(level + 1))
    const fullBytes = tileWidth * hashBytes
    const risen: Uint8Array[] = []
    let offset = 0
    for (; offset + fullBytes <= row.length; offset += fullBytes) {
      const hashes = row.slice(offset, offset + fullBytes)
      tiles.push({ level, index: first + risen.length, hashes })
      risen.push(hasher.root(hashes))
    }
    const partial = row.slice(offset)
    if (partial.length > 0 && rising.length > 0) {
      tiles.push({ level, index: first + risen.length, hashes: partial })
    }
    partials.push(partial)
    rising = risen
  }
  return { edge: { size: edge.size + leafHashes.length, partials }, tiles }
}

/** The root hash of the tree. Costs at most 256 hashes for each level of tiles. */
export function edgeRoot(hasher: TreeHasher, { partials }: Edge): Uint8Array {
  let below: Uint8Array | undefined
  for (const partial of partials) {
    // What the lower levels have is the last and smallest subtree of this one.
    const row = below ? joined(partial, [below]) : partial
    if (row.length > 0) below = hasher.root(row)
  }
  return below ?? hasher.empty()
}

function joined(row: Uint8Array, hashes: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(row.length + hashes.length * hashBytes)
  all.set(row)
  hashes.forEach((hash, position) => {
    all.set(hash, row.length + position * hashBytes)
  })
  return all
}
