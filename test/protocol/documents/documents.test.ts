/**
 * Goal: a file comes out as it went in, or it does not open and is told why.
 * Method: libsodium's stream is made a second time over noble's ciphers; every cut, exchange and change of order of a small
 * file is tried, and files of any size by properties.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import t from 'tap'
import { Refusal } from '../../../src/errors.ts'
import { giveBack } from '../../../src/protocol/bytes.ts'
import {
  boundTo,
  chunkBytes,
  isSealedLength,
  sealedBytesOf,
  sealedChunkBytes,
  streamHeaderBytes,
} from '../../../src/protocol/documents/format.ts'
import { createDocumentOpener, type NamedFile } from '../../../src/protocol/documents/open.ts'
import { createDocumentSealer, newDocumentKey } from '../../../src/protocol/documents/seal.ts'
import { newId } from '../../../src/protocol/uuid.ts'
import { otherId, referralId, seedOf } from '../world.ts'
import { secondStream } from './stream.ts'

const documentId = '01935f3a-7c00-7000-8000-00000000d0c1'
const file = { referralId, documentId, key: seedOf('document') }
const fixed = (length: number) => seedOf('stream header').slice(0, length)

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Sealed as it comes, in pieces of `step` bytes. */
function seal(bytes: Uint8Array, of: Parameters<typeof createDocumentSealer>[0], step = 50_000) {
  const sealer = createDocumentSealer(of, fixed)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += step) {
    parts.push(...sealer.push(bytes.subarray(at, at + step)))
  }
  const { last, size, sha256: digest } = sealer.end()
  return { sealed: joined([...parts, last]), named: { ...of, size, sha256: digest } }
}

function open(sealed: Uint8Array, named: NamedFile, step = 70_000): Uint8Array {
  const opener = createDocumentOpener(named)
  const parts: Uint8Array[] = []
  for (let at = 0; at < sealed.length; at += step) {
    parts.push(...opener.push(sealed.subarray(at, at + step)))
  }
  opener.end()
  return joined(parts)
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
  return 'opened'
}

/** Of three chunks and a bit, no two of them alike. */
const bytes = Uint8Array.from({ length: 3 * chunkBytes + 17 }, (_, at) => (at >> 8) ^ (at * 7))
const { sealed, named } = seal(bytes, file)
const header = sealed.subarray(0, streamHeaderBytes)
const chunkAt = (n: number) => {
  const at = streamHeaderBytes + n * sealedChunkBytes
  return sealed.subarray(at, at + sealedChunkBytes)
}

t.test('a file of any size comes out as it went in, whatever pieces it comes in', async () => {
  const size = fc.oneof(
    fc.integer({ min: 0, max: 3 * chunkBytes }),
    fc.constantFrom(0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes),
  )
  const step = fc.integer({ min: 1_000, max: 200_000 })
  fc.assert(
    fc.property(size, step, step, fc.nat(255), (length, inStep, outStep, seed) => {
      const plain = Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 255)
      const whole = seal(plain, { ...file, key: newDocumentKey() }, inStep)
      const opened = open(whole.sealed, whole.named, outStep)
      return (
        Buffer.compare(opened, plain) === 0 &&
        whole.named.size === length &&
        whole.sealed.length === sealedBytesOf(length) &&
        isSealedLength(whole.sealed.length)
      )
    }),
    { numRuns: 40 },
  )
})

t.test('a sealed file tells its size to within a chunk, and no more', async (t) => {
  t.equal(sealedBytesOf(0), sealedBytesOf(chunkBytes - 1))
  t.equal(sealedBytesOf(chunkBytes), sealedBytesOf(0) + sealedChunkBytes)
  for (const length of [0, 24, 25, streamHeaderBytes + sealedChunkBytes - 1, Number.NaN]) {
    t.notOk(isSealedLength(length), String(length))
  }
})

t.test('it is the stream of libsodium, with our binding and padding', async (t) => {
  const second = secondStream(file.key, header)
  const none = new Uint8Array()
  const padded = new Uint8Array(chunkBytes)
  padded.set(bytes.subarray(3 * chunkBytes))
  padded[17] = 0x80
  const bound = new TextEncoder().encode(`sealed-referral/1 document\0${referralId}\0${documentId}`)
  t.strictSame(boundTo(file), bound)
  t.strictSame(chunkAt(0), second(bytes.subarray(0, chunkBytes), bound, 0))
  t.strictSame(chunkAt(1), second(bytes.subarray(chunkBytes, 2 * chunkBytes), none, 0))
  t.strictSame(chunkAt(2), second(bytes.subarray(2 * chunkBytes, 3 * chunkBytes), none, 0))
  t.strictSame(chunkAt(3), second(padded, none, 3))
  t.strictSame(named.sha256, sha256(sealed))
})

t.test('a vector that other clients must make', async (t) => {
  const vector = seal(new TextEncoder().encode('A letter.\n'), file)
  t.equal(bytesToHex(file.key), '58f00b0a089e1499d2a2cf66aa8cd36f21274975d13508a842a95ce634ba10db')
  t.equal(bytesToHex(header), '5dcb1646abd67a9940ada975c4463e92d25a56f9cf0a9f1f')
  t.equal(
    bytesToHex(vector.sealed.slice(24, 56)),
    '5d2cc83fb803c971815f16055fbc577b3f34e15e78267154580dcfbdd37ed40d',
  )
  t.equal(
    bytesToHex(vector.named.sha256),
    '5e3f32ff8b3672fe0202b9b059ed7fd5819ace091ffcbf2da7c23b293af4c687',
  )
  t.equal(vector.sealed.length, 65_577)
})

t.test('a file cut off anywhere does not open, and says so', async (t) => {
  for (const left of [0, 10, 24, 25, 24 + sealedChunkBytes, sealed.length - sealedChunkBytes]) {
    t.equal(
      codeOf(() => open(sealed.slice(0, left), named)),
      'document-truncated',
      `${left}`,
    )
  }
  t.equal(
    codeOf(() => open(sealed.slice(0, -1), named)),
    'document-truncated',
  )
})

t.test('chunks in another order, left out or twice do not open', async (t) => {
  const orders = [
    [1, 0, 2, 3],
    [0, 2, 1, 3],
    [0, 1, 3, 2],
    [0, 2, 3],
    [1, 2, 3],
    [0, 1, 1, 2, 3],
  ]
  for (const order of orders) {
    const moved = joined([header, ...order.map(chunkAt)])
    const expected = order[0] === 0 ? 'document-altered' : 'document-exchanged'
    t.equal(
      codeOf(() => open(moved, named)),
      expected,
      order.join(' '),
    )
  }
  t.equal(
    codeOf(() => open(joined([sealed, chunkAt(3)]), named)),
    'document-altered',
  )
  t.equal(
    codeOf(() => open(joined([sealed, Uint8Array.of(0)]), named)),
    'document-altered',
  )
})

t.test('one bit changed anywhere does not open', async () => {
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << bit)
      const isFirst = at < streamHeaderBytes + sealedChunkBytes
      const expected = isFirst ? 'document-exchanged' : 'document-altered'
      return codeOf(() => open(changed, named)) === expected
    }),
    { numRuns: 60 },
  )
})

t.test('the file of another document or referral does not open', async (t) => {
  const others = [{ documentId: newId() }, { referralId: otherId }, { key: seedOf('another') }]
  for (const other of others) {
    const { sealed: foreign } = seal(bytes, { ...file, ...other })
    t.equal(
      codeOf(() => open(foreign, named)),
      'document-exchanged',
    )
  }
})

t.test('another file sealed under the same key, by whoever knows it, does not open', async (t) => {
  const { sealed: forged } = seal(
    bytes.map((byte) => byte ^ 1),
    file,
  )
  t.equal(
    codeOf(() => open(forged, named)),
    'document-exchanged',
  )
})

t.test(
  'what whoever knows the key adds behind the end, or marks otherwise, does not open',
  async (t) => {
    const sealer = createDocumentSealer(file, fixed)
    const chunk = bytes.subarray(0, chunkBytes)
    const twice = [
      ...sealer.push(chunk),
      sealer.end().last,
      ...sealer.push(chunk),
      sealer.end().last,
    ]
    const second = secondStream(file.key, header)
    const padded = new Uint8Array(chunkBytes)
    padded[0] = 0x80
    const none = new Uint8Array()
    const marked = [header, second(chunk, boundTo(file), 1), second(padded, none, 3)]
    for (const [parts, chunks] of [[twice, 2] as const, [marked, 1] as const]) {
      const whole = joined(parts)
      const said = { ...file, size: chunks * chunkBytes, sha256: sha256(whole) }
      t.equal(
        codeOf(() => open(whole, said)),
        'document-altered',
      )
    }
  },
)

t.test('a file that is longer than was said is given up as soon as that is seen', (t) => {
  const { sealed, named } = seal(new Uint8Array(20 * chunkBytes), file)
  const opener = createDocumentOpener({ ...named, size: chunkBytes })
  const [first, second] = [streamHeaderBytes + sealedChunkBytes, sealedChunkBytes]
  t.equal(opener.push(sealed.subarray(0, first)).length, 1)
  t.equal(
    codeOf(() => opener.push(sealed.subarray(first, first + second))),
    'document-altered',
  )
  t.end()
})

t.test('a size that its sender made up does not open', async (t) => {
  t.equal(
    codeOf(() => open(sealed, { ...named, size: named.size + 1 })),
    'document-altered',
  )
})

t.test('where there is no Node.js the same file comes out of sealing, with the same hash', (t) => {
  const bytes = seedOf('any').slice(0, 20)
  const here = seal(bytes, file)
  const { getBuiltinModule } = process
  process.getBuiltinModule = undefined as never
  const elsewhere = seal(bytes, file)
  process.getBuiltinModule = getBuiltinModule
  t.strictSame(elsewhere, here)
  t.equal(bytesToHex(here.named.sha256), bytesToHex(sha256(here.sealed)))
  t.end()
})

t.test('memory is given back at once, and later where a runtime cannot', (t) => {
  const { transfer } = ArrayBuffer.prototype
  Reflect.deleteProperty(ArrayBuffer.prototype, 'transfer')
  const kept = new Uint8Array(9)
  giveBack(kept)
  Object.defineProperty(ArrayBuffer.prototype, 'transfer', { value: transfer, configurable: true })
  t.equal(kept.length, 9)
  giveBack(kept)
  t.equal(kept.length, 0)
  t.end()
})
