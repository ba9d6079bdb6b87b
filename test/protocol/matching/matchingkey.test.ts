// Goal: the file of a matching key opens for who has the passphrase, and holds a key that can evaluate.
// Method: the public half is computed by noble; files are varied in one thing.
import { ristretto255 } from '@noble/curves/ed25519.js'
import { numberToBytesLE } from '@noble/curves/utils.js'
import t from 'tap'
import { matchKeyTypes } from '../../../src/protocol/matching/keytypes.ts'
import {
  matchingEpochOf,
  openMatchingKey,
  readMatchingKey,
  sealMatchingKey,
} from '../../../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey } from '../../../src/protocol/matching/voprf.ts'
import { keysetFaults } from '../../../src/protocol/trust/rules.ts'
import * as second from '../second.ts'
import { codeOf, copy, keysetPayload } from '../world.ts'

const order = 2n ** 252n + 27742317777372353535851937790883648493n
const scalar = (value: bigint) => numberToBytesLE(value, 32)
const publicHalf = (value: bigint) => ristretto255.Point.BASE.multiply(value).toBytes()
const key = { secretKey: scalar(123456789n), publicKey: publicHalf(123456789n) }

t.test('a sealed file opens under its passphrase and shows only the public half', async (t) => {
  const text = sealMatchingKey(key, 'correct horse')
  t.strictSame(readMatchingKey(text), { publicKey: second.b64u(key.publicKey), isSealed: true })
  t.strictSame(openMatchingKey(text, 'correct horse'), key)
  t.notOk(text.includes(second.b64u(key.secretKey)))
  t.equal(
    codeOf(() => openMatchingKey(text, 'correct house')),
    'passphrase-wrong',
  )
  t.equal(
    codeOf(() => openMatchingKey(text)),
    'passphrase-wrong',
  )
  const other = second.b64u(publicHalf(5n))
  t.equal(
    codeOf(() => openMatchingKey(text.replace(second.b64u(key.publicKey), other), 'correct horse')),
    'passphrase-wrong',
    'the public half is sealed with it',
  )
})

t.test(
  'a file without a passphrase opens without one, if its halves belong together',
  async (t) => {
    const file = JSON.parse(sealMatchingKey(key, undefined))
    t.strictSame(openMatchingKey(JSON.stringify(file)), key)
    const vary = (secret: bigint, shown = secret % order) => ({
      ...file,
      matching: { publicKey: second.b64u(publicHalf(shown)) },
      secrets: { matching: second.b64u(scalar(secret)) },
    })
    const code = (stored: unknown) => codeOf(() => openMatchingKey(JSON.stringify(stored)))
    t.equal(code(vary(7n, 8n)), 'key-file-invalid', 'of two keys')
    t.equal(code(vary(order + 7n)), 'scalar-invalid', 'a scalar that is not reduced')
    t.equal(code({ ...vary(7n), secrets: { matching: second.b64u(scalar(0n)) } }), 'scalar-invalid')
    t.equal(code({ ...file, secrets: undefined }), 'key-file-invalid')
    t.equal(code({ ...file, secrets: { signing: file.secrets.matching } }), 'key-file-invalid')
    t.equal(code({ ...file, signing: {} }), 'key-file-invalid')
    t.equal(
      codeOf(() => openMatchingKey('{')),
      'key-file-invalid',
    )
  },
)

t.test('an epoch of one holder or two is one that a keyset may list', async (t) => {
  const parameters = { types: matchKeyTypes, argon2id: { passes: 2, memoryKiB: 19_456 } }
  const [one, two] = [second.b64u(publicHalf(3n)), second.b64u(publicHalf(4n))]
  const faults = (entry: ReturnType<typeof matchingEpochOf>) =>
    keysetFaults({ ...copy(keysetPayload), matching: [entry] })
  t.equal(matchingEpochOf(1, [one], parameters).publicKey, one)
  t.equal(matchingEpochOf(1, [one, two], parameters).publicKey, second.b64u(publicHalf(7n)))
  t.same(faults(matchingEpochOf(1, [one], parameters)), [])
  t.same(faults(matchingEpochOf(1, [one, two], parameters)), [])
  const code = (holders: string[]) => codeOf(() => matchingEpochOf(1, holders, parameters))
  t.equal(code([]), 'malformed-request')
  t.equal(code([one, two, second.b64u(generateMatchingKey().publicKey)]), 'malformed-request')
  t.equal(code([second.b64u(new Uint8Array(32))]), 'element-invalid')
  t.equal(code([one, second.b64u(publicHalf(order - 3n))]), 'element-invalid', 'a sum of nothing')
})

t.test('the number of an epoch means one key for ever, and a new one is higher', async (t) => {
  const entry = (epoch: number, value: bigint) =>
    matchingEpochOf(epoch, [second.b64u(publicHalf(value))], {
      ...{ types: ['REF'], argon2id: { passes: 1, memoryKiB: 8 } },
    })
  const before = { ...copy(keysetPayload), matching: [entry(4, 4n), entry(5, 5n)] }
  const about = (matching: ReturnType<typeof entry>[]) => {
    const sha256 = second.b64u(new Uint8Array(32))
    const next = { ...before, version: before.version + 1, previous: sha256, matching }
    return keysetFaults(next, { payload: before, sha256 }).join(' ')
  }
  for (const matching of [[entry(5, 5n)], [entry(4, 4n), entry(6, 6n)], [entry(9, 9n)], []]) {
    t.equal(about(matching), '')
  }
  t.match(about([entry(5, 6n)]), /epoch 5 is not what it was/)
  t.match(about([{ ...entry(5, 5n), types: ['N'] }]), /epoch 5 is not what it was/)
  t.match(about([entry(3, 3n)]), /epoch 3 is not newer than epoch 5/)
})
