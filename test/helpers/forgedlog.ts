/** A log that whoever holds the service's key writes as they like: well formed, well signed, another one. */
import type { World } from '../../examples/ceremony.ts'
import { hasher, signedCheckpoint } from '../../src/audit/tree.ts'
import { writeBundle } from '../../src/protocol/log/bundle.ts'
import { append, edgeRoot } from '../../src/protocol/log/edge.ts'
import { tileAt, tilePath, tileWidth, widthOf } from '../../src/protocol/log/tile.ts'
import { originOfLog } from '../../src/protocol/logorigin.ts'

/** The files of a log with these entries, by their paths, signed by the key of the world's log. */
export function forgeLog(
  { origin, logKey }: Pick<World, 'origin' | 'logKey'>,
  leaves: readonly Uint8Array[],
  log = 1,
): Map<string, Uint8Array> {
  const size = leaves.length
  const hashes = leaves.map((leaf) => hasher.leaf(leaf))
  const { edge, tiles } = append(hasher, { size: 0, partials: [] }, hashes)
  const state = { size, root: edgeRoot(hasher, edge) }
  const checkpoint = signedCheckpoint(originOfLog(origin, log), state, [logKey])
  const files = new Map([['checkpoint', Buffer.from(checkpoint) as Uint8Array]])
  for (const { level, index, hashes } of tiles) {
    files.set(tilePath({ level, index, width: widthOf(hashes) }), hashes)
  }
  for (let index = 0; index * tileWidth < size; index += 1) {
    const part = leaves.slice(index * tileWidth, (index + 1) * tileWidth)
    files.set(tilePath(tileAt('entries', index, size)!), writeBundle(part))
  }
  return files
}
