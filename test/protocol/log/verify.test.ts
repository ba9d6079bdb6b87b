// A whole log: its proofs against the recursion of RFC 6962, and each way to tamper with it named.
import fc from 'fast-check'
import t from 'tap'
import { parseBundle, writeBundle } from '../../../src/protocol/log/bundle.ts'
import { consistencyHolds, inclusionHolds } from '../../../src/protocol/log/proof.ts'
import { treeReader } from '../../../src/protocol/log/reader.ts'
import { verifyConsistency, verifyLog } from '../../../src/protocol/log/verify.ts'
import { hasher, logOf, someEntries, treeHash } from './world.ts'

const spoil = (bytes: Uint8Array, offset: number) => {
  const spoiled = bytes.slice()
  spoiled[offset]! ^= 1
  return spoiled
}

t.test('the proof of every index holds in every small tree, and no changed one', async (t) => {
  for (let size = 1; size <= 33; size++) {
    const { read, leafHashes, state } = logOf(someEntries(size))
    const reader = treeReader(hasher, read, size)
    t.strictSame(await reader.rootAt(size), state.root)
    for (let index = 0; index < size; index++) {
      const proof = await reader.inclusion(index)
      const leafHash = leafHashes[index]!
      const good = { index, size, leafHash, root: state.root, proof }
      const bad = [
        { ...good, index: index + 1 },
        { ...good, size: 2 * size },
        { ...good, index: -1 },
        { ...good, leafHash: spoil(leafHash, index % 32) },
        { ...good, root: spoil(state.root, index % 32) },
        { ...good, proof: [...proof, leafHash] },
        ...proof.map((hash, at) => ({ ...good, proof: proof.with(at, spoil(hash, size % 32)) })),
        ...proof.map((_, at) => ({ ...good, proof: proof.toSpliced(at, 1) })),
      ]
      t.ok(inclusionHolds(hasher, good), `${index} of ${size}`)
      t.notOk(bad.some((inclusion) => inclusionHolds(hasher, inclusion)))
    }
  }
})

t.test('every tree is proven to begin with every smaller one, and with no other', async (t) => {
  for (let size = 1; size <= 33; size++) {
    const { read, leafHashes, state } = logOf(someEntries(size))
    const reader = treeReader(hasher, read, size)
    for (let count = 1; count <= size; count++) {
      const earlier = { size: count, root: treeHash(leafHashes.slice(0, count)) }
      const proof = await reader.consistency(count)
      const good = { earlier, later: state, proof }
      const bad = [
        { ...good, earlier: { ...earlier, root: spoil(earlier.root, count % 32) } },
        { ...good, later: { ...state, root: spoil(state.root, count % 32) } },
        { ...good, earlier: { ...earlier, size: 0 } },
        { ...good, proof: [...proof, state.root] },
        ...proof.map((hash, at) => ({ ...good, proof: proof.with(at, spoil(hash, size % 32)) })),
      ]
      t.ok(consistencyHolds(hasher, good), `${count} of ${size}`)
      t.notOk(bad.some((consistency) => consistencyHolds(hasher, consistency)))
    }
  }
})

const large = logOf(someEntries(66_100))

t.test('proofs cross the levels of tiles', async (t) => {
  const { read, leafHashes, state } = large
  const reader = treeReader(hasher, read, state.size)
  await fc.assert(
    fc.asyncProperty(fc.nat(state.size - 1), async (index) => {
      const proof = await reader.inclusion(index)
      const leafHash = leafHashes[index]!
      t.ok(inclusionHolds(hasher, { index, size: state.size, leafHash, root: state.root, proof }))
      const earlier = { size: index + 1, root: await reader.rootAt(index + 1) }
      await verifyConsistency(hasher, read, earlier, state)
      t.strictSame(await reader.entry(index), new Uint8Array(Buffer.from(`entry ${index}`)))
    }),
    { numRuns: 40 },
  )
  const size = 65_537
  t.strictSame(await reader.rootAt(size), treeHash(leafHashes.slice(0, size)))
})

t.test('an intact log verifies whole, from any state on, and hands over each entry', async (t) => {
  for (const size of [0, 1, 255, 256, 257, 700]) {
    const { read, leafHashes, state } = logOf(someEntries(size))
    for (const from of new Set([0, 1, 255, 256, 300, size].filter((count) => count <= size))) {
      const seen: string[] = []
      await verifyLog(hasher, read, state, {
        from: { size: from, root: treeHash(leafHashes.slice(0, from)) },
        onEntries(first, entries) {
          t.equal(first, from + seen.length)
          seen.push(...entries.map((entry) => Buffer.from(entry).toString()))
        },
      })
      t.equal(seen.length, size - from)
      t.equal(seen.at(-1), from < size ? `entry ${size - 1}` : undefined)
    }
  }
  await verifyLog(hasher, large.read, large.state)
})

t.test('a partial file may be gone once the full one is there', async (t) => {
  const { files, read } = logOf(someEntries(512))
  const earlier = logOf(someEntries(300))
  t.notOk(files.has('tile/0/001.p/44'))
  files.set('tile/1/000.p/1', earlier.files.get('tile/1/000.p/1')!)
  await verifyLog(hasher, read, earlier.state)
  t.ok(files.delete('tile/0/001'))
  await t.rejects(verifyLog(hasher, read, earlier.state), {
    code: 'tile-missing',
    place: { path: 'tile/0/001.p/44' },
  })
})

/** A log of 66,100 entries with some files changed. */
async function tampered(changes: Record<string, (bytes: Uint8Array) => Uint8Array | undefined>) {
  const files = new Map(large.files)
  for (const [path, change] of Object.entries(changes)) {
    const bytes = files.get(path)
    if (!bytes) throw new Error(`no ${path}`)
    const changed = change(bytes)
    if (changed) files.set(path, changed)
    else files.delete(path)
  }
  return verifyLog(hasher, async (path) => files.get(path), large.state)
}

const entriesOf = (bytes: Uint8Array) =>
  parseBundle(bytes, bytes === large.files.get('tile/entries/258.p/52') ? 52 : 256, '')

t.test('each tampering is named by its first entry or its tile', async (t) => {
  const change = (at: number, text: string) => (bytes: Uint8Array) =>
    writeBundle(entriesOf(bytes).with(at, Buffer.from(text)))
  const cases = [
    {
      name: 'a changed entry',
      changes: { 'tile/entries/007': change(5, 'changed') },
      fault: { code: 'entry-wrong', place: { index: 7 * 256 + 5 } },
    },
    {
      name: 'a changed entry of the last, partial bundle',
      changes: { 'tile/entries/258.p/52': change(51, 'changed') },
      fault: { code: 'entry-wrong', place: { index: 66_099 } },
    },
    {
      name: 'two entries that changed their order',
      changes: {
        'tile/entries/001': (bytes: Uint8Array) => {
          const entries = entriesOf(bytes)
          return writeBundle(entries.with(3, entries[4]!).with(4, entries[3]!))
        },
      },
      fault: { code: 'entry-wrong', place: { index: 259 } },
    },
    {
      name: 'a dropped entry',
      changes: {
        'tile/entries/001': (bytes: Uint8Array) => writeBundle(entriesOf(bytes).toSpliced(9, 1)),
      },
      fault: { code: 'entries-malformed', place: { path: 'tile/entries/001' } },
    },
    {
      name: 'a bundle cut within an entry',
      changes: { 'tile/entries/002': (bytes: Uint8Array) => bytes.slice(0, -1) },
      fault: { code: 'entries-malformed', place: { path: 'tile/entries/002' } },
    },
    {
      name: 'a missing bundle',
      changes: { 'tile/entries/100': () => undefined },
      fault: { code: 'entries-missing', place: { path: 'tile/entries/100' } },
    },
    {
      name: 'a changed hash in a tile of entries',
      changes: { 'tile/0/009': (bytes: Uint8Array) => spoil(bytes, 32 * 17 + 1) },
      fault: { code: 'tile-wrong', place: { index: 9 * 256 + 17, path: 'tile/0/009' } },
    },
    {
      name: 'a changed entry whose tile was made anew',
      changes: {
        'tile/entries/003': change(8, 'changed'),
        'tile/0/003': (bytes: Uint8Array) => {
          const tile = bytes.slice()
          tile.set(hasher.leaf(Buffer.from('changed')), 8 * 32)
          return tile
        },
      },
      fault: { code: 'tile-wrong', place: { index: 3 * 256, path: 'tile/0/003' } },
    },
    {
      name: 'a changed hash in a tile of tiles',
      changes: { 'tile/1/000': (bytes: Uint8Array) => spoil(bytes, 32 * 200) },
      fault: { code: 'tile-wrong', place: { index: 200 * 256, path: 'tile/1/000' } },
    },
    {
      name: 'a changed hash in a partial tile of tiles',
      changes: { 'tile/2/000.p/1': (bytes: Uint8Array) => spoil(bytes, 0) },
      fault: { code: 'tile-wrong', place: { index: 0, path: 'tile/2/000.p/1' } },
    },
    {
      name: 'a tile cut short',
      changes: { 'tile/0/258.p/52': (bytes: Uint8Array) => bytes.slice(32) },
      fault: { code: 'tile-malformed', place: { path: 'tile/0/258.p/52' } },
    },
    {
      name: 'a tile with a byte too many',
      changes: { 'tile/0/009': (bytes: Uint8Array) => Uint8Array.of(...bytes, 0) },
      fault: { code: 'tile-malformed', place: { path: 'tile/0/009' } },
    },
    {
      name: 'a missing tile of tiles',
      changes: { 'tile/1/001.p/2': () => undefined },
      fault: { code: 'tile-missing', place: { path: 'tile/1/001.p/2' } },
    },
  ]
  for (const { name, changes, fault } of cases) await t.rejects(tampered(changes), fault, name)
})

t.test('another log, whole in itself, is not the one that was signed', async (t) => {
  const entries = someEntries(700)
  const signed = logOf(entries).state
  const other = logOf(entries.with(300, Buffer.from('changed')))
  await t.rejects(verifyLog(hasher, other.read, signed), { code: 'root-wrong' })
  const kept = logOf(entries.slice(0, 400)).state
  await t.rejects(verifyLog(hasher, other.read, other.state, { from: kept }), {
    code: 'inconsistent',
  })
  await t.rejects(verifyConsistency(hasher, other.read, kept, other.state), {
    code: 'inconsistent',
  })
  await t.rejects(verifyConsistency(hasher, other.read, signed, other.state), {
    code: 'inconsistent',
  })
})

t.test('a log that has become shorter is rolled back', async (t) => {
  const kept = logOf(someEntries(700)).state
  const { read, state } = logOf(someEntries(699))
  await t.rejects(verifyConsistency(hasher, read, kept, state), { code: 'rolled-back' })
  await t.rejects(verifyLog(hasher, read, state, { from: kept }), { code: 'rolled-back' })
  await verifyConsistency(hasher, read, logOf([]).state, state)
})

t.test('bundles come back as they were written', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), (entries) => {
      t.strictSame(parseBundle(writeBundle(entries), entries.length, ''), entries)
    }),
  )
  const longest = new Uint8Array(65_535).fill(7)
  t.strictSame(parseBundle(writeBundle([longest]), 1, ''), [longest])
  t.throws(() => writeBundle([new Uint8Array(65_536)]), RangeError)
  t.throws(() => parseBundle(Uint8Array.of(0), 0, ''), { code: 'entries-malformed' })
})
