// The tree against published proofs, the recursion of RFC 6962 written out, and itself in pieces.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  type Appended,
  append,
  type Edge,
  edgeRoot,
  edgeTiles,
  emptyEdge,
  readEdge,
} from '../../../src/protocol/log/edge.ts'
import { consistencyHolds, inclusionHolds } from '../../../src/protocol/log/proof.ts'
import { parseTilePath, tileAt, tilePath, widthOf } from '../../../src/protocol/log/tile.ts'
import { hasher, sha256, treeHash } from './world.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

interface Vectors {
  inclusion: (Case & { leafIdx: number; treeSize: number; root: string; leafHash: string })[]
  consistency: (Case & { size1: number; size2: number; root1: string; root2: string })[]
}
interface Case {
  desc: string
  file: string
  wantErr: boolean
  proof: string[] | null
}

const vectors: Vectors = JSON.parse(readFileSync('test/vectors/rfc6962-proofs.json', 'utf8'))

t.test('all 196 published proofs hold or are refused as their authors say', async (t) => {
  t.equal(vectors.inclusion.length + vectors.consistency.length, 196)
  for (const { leafIdx, treeSize, root, leafHash, proof, file, wantErr } of vectors.inclusion) {
    const holds = inclusionHolds(hasher, {
      index: leafIdx,
      size: treeSize,
      leafHash: bytes(leafHash),
      root: bytes(root),
      proof: (proof ?? []).map(bytes),
    })
    t.equal(holds, !wantErr, file)
  }
  for (const { size1, size2, root1, root2, proof, file, wantErr } of vectors.consistency) {
    const holds = consistencyHolds(hasher, {
      earlier: { size: size1, root: bytes(root1) },
      later: { size: size2, root: bytes(root2) },
      proof: (proof ?? []).map(bytes),
    })
    t.equal(holds, !wantErr, file)
  }
})

// The eight entries that Certificate Transparency's own tests grow a tree from, and its roots.
const entries = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((entry) => new Uint8Array(Buffer.from(entry, 'hex')))
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

t.test('the tree over the known entries has the known root at every size', async (t) => {
  let edge = emptyEdge
  t.equal(hex(edgeRoot(hasher, edge)), roots[0])
  entries.forEach((entry, index) => {
    edge = append(hasher, edge, [hasher.leaf(entry)]).edge
    t.equal(hex(edgeRoot(hasher, edge)), roots[index + 1])
  })
})

const leafHashes = (count: number) =>
  Array.from({ length: count }, (_, index) => hasher.leaf(Buffer.from(`entry ${index}`)))

/** Appends in batches and keeps the tiles, as a server does. */
function grow(hashes: Uint8Array[], batches: number[]) {
  const tiles = new Map<string, Uint8Array>()
  let edge: Edge = emptyEdge
  const take = (appended: Appended) => {
    edge = appended.edge
    for (const tile of appended.tiles) tiles.set(`${tile.level}/${tile.index}`, tile.hashes)
  }
  let from = 0
  for (const batch of batches) {
    take(append(hasher, edge, hashes.slice(from, from + batch)))
    from += batch
    // The next batch starts from what is kept, as it does after a crash.
    edge = readEdge(edge.size, ({ level, index }) => tiles.get(`${level}/${index}`))
  }
  take(append(hasher, edge, hashes.slice(from)))
  return { edge, tiles }
}

t.test('an entry of any length is hashed whole', async (t) => {
  for (const length of [0, 4095, 4096, 4097, 65_535, 1]) {
    const entry = new Uint8Array(length).fill(7)
    t.equal(hex(hasher.leaf(entry)), hex(sha256(Uint8Array.of(0, ...entry))), `${length}`)
  }
})

/** The tiles as one text, to compare. */
const written = (tiles: Map<string, Uint8Array>) =>
  [...tiles]
    .map(([key, hashes]) => `${key} ${hex(hashes)}`)
    .sort()
    .join('\n')

t.test('appending in any batches makes the tiles and the root of one append', async (t) => {
  const most = leafHashes(66_000)
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1500 }),
      fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 6 }),
      async (size, batches) => {
        const hashes = most.slice(0, size)
        const once = grow(hashes, [])
        const pieces = grow(hashes, batches)
        t.equal(written(pieces.tiles), written(once.tiles))
        t.strictSame(edgeRoot(hasher, pieces.edge), treeHash(hashes))
      },
    ),
    { numRuns: 60 },
  )
  const large = grow(most, [65_535, 1, 1])
  t.strictSame(edgeRoot(hasher, large.edge), treeHash(most), 'with three levels of tiles')
  for (const [key, hashes] of large.tiles) {
    const [level, index] = key.split('/').map(Number) as [number, number]
    t.equal(widthOf(hashes), tileAt(level, index, most.length)?.width, key)
  }
})

t.test('a tree of 70,000 entries has the partial tiles that the standard counts', async (t) => {
  t.strictSame(edgeTiles(70_000), [
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ])
  t.strictSame(edgeTiles(256), [{ level: 1, index: 0, width: 1 }])
  t.equal(tileAt(0, 274, 70_000), undefined)
})

t.test('an edge is not read from too little', async (t) => {
  t.throws(() => readEdge(3, () => undefined), { code: 'tile-missing' })
  t.throws(() => readEdge(3, () => new Uint8Array(64)), { code: 'tile-malformed' })
  t.throws(() => readEdge(3, () => new Uint8Array(97)), { code: 'tile-malformed' })
})

t.test('a path says which tile it is, in one spelling', async (t) => {
  t.equal(tilePath({ level: 0, index: 1234067, width: 256 }), 'tile/0/x001/x234/067')
  t.equal(tilePath({ level: 'entries', index: 0, width: 8 }), 'tile/entries/000.p/8')
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      fc.oneof(fc.maxSafeNat(), fc.nat(3000)),
      fc.integer({ min: 1, max: 256 }),
      (level, index, width) => {
        const id = { level, index, width }
        t.strictSame(parseTilePath(tilePath(id)), id)
      },
    ),
  )
  const others = [
    ...['tile/64/000', 'tile/00/000', 'tile/-1/000', 'tile/0/0', 'tile/0/0000', 'tile/0/x000/001'],
    ...['tile/0/001/002', 'tile/0/x001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/08'],
    ...['tile/0/000.p', 'tile/0/000/', '/tile/0/000', 'tile/0/000\n', 'tile/data/000', ''],
    'tile/0/x999/x999/x999/x999/x999/999',
    // 2^53 + 2, which a number can still write.
    'tile/0/x009/x007/x199/x254/x740/994',
  ]
  for (const path of others) t.equal(parseTilePath(path), undefined, path)
})
