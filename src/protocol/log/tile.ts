/**
 * Tiles and entry bundles, as C2SP tlog-tiles (c2sp.org/tlog-tiles) names and cuts them.
 *
 * A tile holds up to 256 neighbouring hashes: at level 0 those of entries, at each level above those
 * of the full tiles below. All but the last one of a level are full.
 */
import { hashBytes } from './hash.ts'

/** As many hashes as a full tile has, and entries as a full bundle has. */
export const tileWidth = 256

/** Which part of the log a file holds. */
export interface TileId {
  /** 0 for the hashes of entries and up to 63, or `entries` for the entries themselves. */
  level: number | 'entries'
  /** Which one of its level, from 0. */
  index: number
  /** 256 if it is full, else from 1 to 255. */
  width: number
}

/** A tile with its hashes, one after the other: its width is their number. */
export interface Tile {
  level: number
  index: number
  hashes: Uint8Array
}

/** How many hashes stand in `hashes`. */
export function widthOf(hashes: Uint8Array): number {
  return hashes.length / hashBytes
}

/** Where the file stands below the log's prefix, as `tile/0/x001/x234/067.p/8`. */
export function tilePath({ level, index, width }: TileId): string {
  let groups = String(index % 1000).padStart(3, '0')
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups = `x${String(rest % 1000).padStart(3, '0')}/${groups}`
  }
  const partial = width === tileWidth ? '' : `.p/${width}`
  return `tile/${level}/${groups}${partial}`
}

const pathPattern =
  /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/** Reads what `tilePath` writes; `undefined` for everything else, another spelling included. */
export function parseTilePath(path: string): TileId | undefined {
  const [, level = '', groups = '', partial] = pathPattern.exec(path) ?? []
  if (groups === '') return undefined
  const id: TileId = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? tileWidth : Number(partial),
  }
  if (!Number.isSafeInteger(id.index)) return undefined
  if (partial !== undefined && id.width >= tileWidth) return undefined
  // An index has one spelling: no leading group of zeroes.
  return tilePath(id) === path ? id : undefined
}

/** How many entries one hash at `level` stands for: 256 to the power of `level`. */
export function entriesBelow(level: number): number {
  return tileWidth ** level
}

/**
 * The tile at `level` and `index` of a tree of `size` entries, full or partial; `undefined` if that
 * tree has none there.
 */
export function tileAt(level: number | 'entries', index: number, size: number): TileId | undefined {
  const hashes = level === 'entries' ? size : Math.floor(size / entriesBelow(level))
  const width = Math.min(tileWidth, hashes - index * tileWidth)
  return width > 0 ? { level, index, width } : undefined
}
