/** A log in memory, its keys, and the hashes of RFC 6962 once more as they are written there. */
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import { writeBundle } from '../../../src/protocol/log/bundle.ts'
import { append, edgeTiles, emptyEdge } from '../../../src/protocol/log/edge.ts'
import { treeHasher } from '../../../src/protocol/log/hash.ts'
import { type KeyType, noteKey } from '../../../src/protocol/log/key.ts'
import type { Read } from '../../../src/protocol/log/reader.ts'
import { tilePath } from '../../../src/protocol/log/tile.ts'

export const sha256 = (bytes: Uint8Array) =>
  new Uint8Array(createHash('sha256').update(bytes).digest())
export const hasher = treeHasher(sha256)

const spki = Buffer.from('302a300506032b6570032100', 'hex')

/** Ed25519 of Node. */
export function holds(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = Buffer.concat([spki, publicKey])
  return verify(null, message, { key, format: 'der', type: 'spki' }, signature)
}

/** A new key under a name, and what signs with it. */
export function signer(name: string, type: KeyType = 1) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return {
    key: noteKey(sha256, { name, type, publicKey: raw }),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
  }
}

/** MTH of RFC 6962 section 2.1. */
export function treeHash(hashes: Uint8Array[]): Uint8Array {
  const [first] = hashes
  if (!first) return sha256(new Uint8Array())
  if (hashes.length === 1) return first
  let split = 1
  while (split * 2 < hashes.length) split *= 2
  const sides = [treeHash(hashes.slice(0, split)), treeHash(hashes.slice(split))]
  return sha256(Buffer.concat([Uint8Array.of(1), ...sides]))
}

/** So many different entries. */
export function someEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(Buffer.from(`entry ${index}`)))
}

/** The files of a log with these entries, and its root by the naive hash. */
export function logOf(entries: Uint8Array[]) {
  const files = new Map<string, Uint8Array>()
  const leafHashes = entries.map((entry) => sha256(Buffer.concat([Uint8Array.of(0), entry])))
  const size = entries.length
  const partial = edgeTiles(size)
  for (const { level, index, hashes } of append(hasher, emptyEdge, leafHashes).tiles) {
    const width = partial.find((tile) => tile.level === level && tile.index === index)?.width
    files.set(tilePath({ level, index, width: width ?? 256 }), hashes)
  }
  for (let index = 0; index * 256 < size; index++) {
    const bundle = entries.slice(index * 256, index * 256 + 256)
    files.set(tilePath({ level: 'entries', index, width: bundle.length }), writeBundle(bundle))
  }
  const read: Read = async (path) => files.get(path)
  return { files, read, leafHashes, state: { size, root: treeHash(leafHashes) } }
}
