// Goal: equal people get equal values from any client, unequal ones do not, and no answer that a
// holder's proof does not bear out becomes a value.
// Method: the published vectors, reached by our code and by a second implementation over noble;
// properties; answers and signatures that must be refused.
import { ristretto255, ristretto255_oprf } from '@noble/curves/ed25519.js'
import { argon2id } from '@noble/hashes/argon2.js'
import fc from 'fast-check'
import t from 'tap'
import { Check } from 'typebox/schema'
import {
  decodeBase64url,
  encodeBase64url,
  equalBytes,
  type Random,
} from '../../../src/protocol/bytes.ts'
import { Matching } from '../../../src/protocol/envelope/envelope.ts'
import { signingKeyFrom } from '../../../src/protocol/keys.ts'
import type { MatchKey } from '../../../src/protocol/matching/matchkeys.ts'
import {
  type Blinding,
  blindMatchKeys,
  finalizeMatchKeys,
  matchKeysSignedBytes,
  matchKeysVerify,
  signMatchKeys,
} from '../../../src/protocol/matching/matchvalues.ts'
import { generateMatchingKey, type MatchingKey } from '../../../src/protocol/matching/voprf.ts'
import type { MatchingEpoch } from '../../../src/protocol/trust/keyset.ts'
import vectors from '../../vectors/match-values-1.json' with { type: 'json' }
import {
  answerOf,
  epochOf,
  holders,
  matchKeys,
  oneHolder,
  stranger,
  twoHolders,
} from '../blinding.ts'
import * as second from '../second.ts'
import { codeOf, hex, keys, origin, seedOf, unhex } from '../world.ts'

const { Point } = ristretto255
const { oprf, voprf } = ristretto255_oprf
const epochs = vectors.epochs.map((each) => ({ ...each, epoch: each.epoch as MatchingEpoch }))
const secrets = (epoch: MatchingEpoch) => (epoch.holders.length === 1 ? [holders[0]] : [...holders])

/** A random source that draws these scalars. */
function scalarSource(scalars: readonly string[]): Random {
  const left = [...scalars]
  return () => unhex((left.shift() ?? '').padEnd(128, '0'))
}

/** The values of keys, everything honest. */
function valuesOf(keys: readonly MatchKey[], epoch: MatchingEpoch, at = origin) {
  const blinding = blindMatchKeys(keys, at, epoch)
  const answers = secrets(epoch).map((key) => answerOf(key, blinding))
  return finalizeMatchKeys(blinding, answers)
}

/** The text of the protocol over noble: the input of a key, stretched. */
function stretched({ type, value }: MatchKey, at: string, epoch: MatchingEpoch): Uint8Array {
  const salted = second.utf8(`${at}\0${epoch.recipe}\0${epoch.epoch}`)
  const salt = second.H(second.label('match salt'), salted).slice(0, 16)
  const { passes, memoryKiB } = epoch.argon2id
  return argon2id(second.utf8(`${type}\0${value}`), salt, {
    t: passes,
    m: memoryKiB,
    p: 1,
    dkLen: 32,
  })
}

t.test('the published values are reached from their keys and random scalars', async (t) => {
  for (const { epoch, keys, holders, values } of epochs) {
    const random = scalarSource(keys.map(({ blind }) => blind))
    const blinding = blindMatchKeys(vectors.matchKeys, vectors.origin, epoch, random)
    t.strictSame(
      blinding.elements,
      keys.map(({ blindedElement }) => encodeBase64url(unhex(blindedElement))),
    )
    for (const { secretKey, r, answer } of holders) {
      const publicKey = decodeBase64url(answer.holder, 32)
      const key = { secretKey: unhex(secretKey), publicKey }
      t.strictSame(answerOf(key, blinding, scalarSource([r])), answer)
    }
    const answers = holders.map(({ answer }) => answer)
    t.strictSame(finalizeMatchKeys(blinding, answers), values)
  }
})

t.test('a second implementation reaches the published values too', async (t) => {
  for (const { epoch, keys, holders, values } of epochs) {
    const asked = keys.map(({ type, input, blind, blindedElement }, i) => {
      const key = vectors.matchKeys[i]!
      t.equal(type, key.type)
      t.equal(hex(stretched(key, vectors.origin, epoch)), input)
      // noble takes a random number modulo the order less 1, and adds 1.
      const number = BigInt(`0x${hex(unhex(blind).reverse())}`) - 1n
      const bytes = unhex(number.toString(16).padStart(96, '0')).reverse()
      const sent = voprf.blind(unhex(input), () => bytes)
      t.equal(hex(sent.blind), blind)
      t.equal(hex(sent.blinded), blindedElement)
      return { input: unhex(input), ...sent }
    })
    const evaluated = holders.map(({ answer }) => {
      const elements = answer.elements.map(second.unb64u)
      const items = asked.map((item, i) => ({ ...item, evaluated: elements[i]! }))
      voprf.finalizeBatch(items, second.unb64u(answer.holder), second.unb64u(answer.proof))
      return elements.map((element) => Point.fromBytes(element))
    })
    const reached = asked.map(({ input, blind }, i) => {
      const sum = evaluated.reduce((sum, points) => sum.add(points[i]!), Point.ZERO)
      const output = oprf.finalize(input, blind, sum.toBytes())
      return `${keys[i]!.type} ${second.b64u(output.slice(0, 16))}`
    })
    t.strictSame(
      [...new Set(reached)].sort(),
      values.map(({ type, value }) => `${type} ${value}`),
    )
  }
})

t.test('stretching is Argon2id also with the parameters of a service', async (t) => {
  const epoch = epochOf(3, [holders[0]], { argon2id: { passes: 2, memoryKiB: 19_456 } })
  const [key] = matchKeys
  const { keys } = blindMatchKeys([key!], origin, epoch)
  t.strictSame(keys[0]?.input, stretched(key!, origin, epoch))
})

t.test('the published answers that must be refused are refused, each by its code', async (t) => {
  const { epoch, keys } = epochs[1]!
  const random = scalarSource(keys.map(({ blind }) => blind))
  const blinding = blindMatchKeys(vectors.matchKeys, vectors.origin, epoch, random)
  for (const { name, code, answers } of vectors.mustFail) {
    t.equal(
      codeOf(() => finalizeMatchKeys(blinding, answers)),
      code,
      name,
    )
  }
})

t.test('one set of keys has one form: sorted, without repeats, whoever blinds it', async (t) => {
  for (const epoch of [oneHolder, twoHolders]) {
    const expected = valuesOf(matchKeys, epoch)
    t.equal(expected.length, 6, 'one of the seven stood there twice')
    t.ok(Check(Matching, { epoch: epoch.epoch, values: expected }), 'as an envelope wants them')
    const shuffled = fc.shuffledSubarray([...matchKeys], { minLength: matchKeys.length })
    fc.assert(
      fc.property(shuffled, (keys) => {
        t.strictSame(valuesOf(keys, epoch), expected)
      }),
      { numRuns: 8 },
    )
  }
})

t.test('a value depends on type, value, service, epoch and matching key', async (t) => {
  const key = { type: 'N', value: 'amina rahimi' }
  const of = (...parameters: Parameters<typeof valuesOf>) => valuesOf(...parameters)[0]!.value
  const other = { ...oneHolder, epoch: 7 }
  const values = [
    of([key], oneHolder),
    of([{ ...key, type: 'P' }], oneHolder),
    of([{ ...key, value: 'amina rahim' }], oneHolder),
    of([key], oneHolder, 'intake.example.net'),
    of([key], other),
    of([key], { ...oneHolder, argon2id: { passes: 2, memoryKiB: 64 } }),
    of([key], { ...twoHolders, epoch: oneHolder.epoch }),
  ]
  t.equal(new Set(values).size, values.length)
  t.equal(of([key], oneHolder), values[0])
})

t.test('nothing that is sent can be met again, or guessed at', async (t) => {
  const [one, two] = [0, 1].map(() => blindMatchKeys(matchKeys, origin, oneHolder))
  t.equal(new Set([...one!.elements, ...two!.elements]).size, 2 * matchKeys.length)
})

t.test('a type that the epoch leaves out is not blinded', async (t) => {
  const epoch = { ...oneHolder, types: ['REF_uan', 'REF_port', 'T_D'] }
  const types = valuesOf(matchKeys, epoch).map(({ type }) => type)
  t.strictSame(types, ['REF_port', 'REF_uan', 'T_D', 'T_D'])
})

t.test('a person without keys has no values, and nobody is asked', async (t) => {
  const blinding = blindMatchKeys([], origin, twoHolders)
  t.strictSame(blinding.elements, [])
  t.strictSame(finalizeMatchKeys(blinding, []), [])
})

t.test('forty keys are blinded, and one more is refused', async (t) => {
  const many = Array.from({ length: 41 }, (_, i) => ({ type: 'N', value: `name ${i}` }))
  t.equal(valuesOf(many.slice(1), oneHolder).length, 40)
  t.equal(
    codeOf(() => blindMatchKeys(many, origin, oneHolder)),
    'batch-mismatch',
  )
})

t.test('holders may answer in any order, and each must, once', async (t) => {
  const blinding = blindMatchKeys(matchKeys, origin, twoHolders)
  const [first, other] = holders.map((key) => answerOf(key, blinding))
  const finalized = (...answers: Parameters<typeof finalizeMatchKeys>[1]) =>
    finalizeMatchKeys(blinding, answers)
  t.strictSame(finalized(other!, first!), finalized(first!, other!))
  t.equal(
    codeOf(() => finalized()),
    'batch-mismatch',
  )
  t.equal(
    codeOf(() => finalized(other!)),
    'batch-mismatch',
  )
  t.equal(
    codeOf(() => finalized(other!, other!)),
    'batch-mismatch',
  )
  t.equal(
    codeOf(() => finalized(first!, other!, first!)),
    'batch-mismatch',
  )
  t.equal(
    codeOf(() => finalized(first!, answerOf(stranger, blinding))),
    'batch-mismatch',
  )
})

t.test('what is not base64url is refused as the element or scalar it is not', async (t) => {
  const blinding = blindMatchKeys(matchKeys, origin, oneHolder)
  const answer = answerOf(holders[0], blinding)
  const refused = (changes: Partial<typeof answer>) =>
    codeOf(() => finalizeMatchKeys(blinding, [{ ...answer, ...changes }]))
  t.equal(refused({}), undefined)
  for (const text of ['', '!', `${answer.elements[0]}=`, answer.elements[0]!.slice(1)]) {
    t.equal(refused({ elements: answer.elements.with(2, text) }), 'element-invalid')
  }
  for (const text of ['', '!', `${answer.proof}==`, answer.proof.slice(2), `${answer.proof}AA`]) {
    t.equal(refused({ proof: text }), 'scalar-invalid')
  }
})

t.test('two holders whose keys cancel out make no value, though both proofs verify', async (t) => {
  const { Fn } = Point
  const one = generateMatchingKey()
  const secretKey = Fn.toBytes(Fn.neg(Fn.fromBytes(one.secretKey)))
  const other: MatchingKey = {
    secretKey,
    publicKey: Point.BASE.multiply(Fn.fromBytes(secretKey)).toBytes(),
  }
  const points = [one, other].map(({ publicKey }) => encodeBase64url(publicKey))
  const blinding: Blinding = blindMatchKeys(matchKeys, origin, { ...twoHolders, holders: points })
  const answers = [one, other].map((key) => answerOf(key, blinding))
  t.equal(
    codeOf(() => finalizeMatchKeys(blinding, answers)),
    'element-invalid',
  )
})

const { statement } = vectors
const stated = JSON.parse(statement.jcs) as Parameters<typeof signMatchKeys>[1]
const headerHash = unhex(statement.headerHash)
const signer = { kid: statement.signer.kid, secretKey: unhex(statement.signer.seed) }

t.test("a recipient's statement of match keys is signed as published", async (t) => {
  const bytes = second.join(
    second.label('match keys'),
    headerHash,
    second.H(second.utf8(second.jcs(stated))),
  )
  t.equal(hex(bytes), statement.signedBytes)
  t.strictSame(matchKeysSignedBytes(headerHash, stated), bytes)
  t.strictSame(signMatchKeys(headerHash, stated, signer), {
    kid: second.kidOf('Ed25519', second.signingPublicKey(signer.secretKey)),
    value: statement.signature,
  })
  t.strictSame(second.signatureOf(signer.secretKey, bytes), second.unb64u(statement.signature))
  t.strictSame(stated.values, epochs[1]!.values)
})

t.test('a statement verifies for one referral, one epoch, one list and one signer', async (t) => {
  const { publicKey } = signingKeyFrom(signer.secretKey)
  const signature = signMatchKeys(headerHash, stated, signer)
  t.ok(matchKeysVerify(headerHash, stated, signature, publicKey))
  const none = { ...stated, values: [] }
  t.ok(matchKeysVerify(headerHash, none, signMatchKeys(headerHash, none, signer), publicKey))

  const { epoch, values } = stated
  t.notOk(matchKeysVerify(seedOf('another header'), stated, signature, publicKey))
  t.notOk(matchKeysVerify(headerHash, { epoch: epoch + 1, values }, signature, publicKey))
  t.notOk(matchKeysVerify(headerHash, { epoch, values: values.slice(1) }, signature, publicKey))
  t.notOk(matchKeysVerify(headerHash, { epoch, values: values.toReversed() }, signature, publicKey))
  t.notOk(matchKeysVerify(headerHash, stated, signature, keys.recoverySigning.publicKey))
  for (const value of ['', '!', signature.value.slice(2)]) {
    t.notOk(matchKeysVerify(headerHash, stated, { ...signature, value }, publicKey))
  }
})

t.test('the published keys are those of this world', async (t) => {
  t.ok(equalBytes(unhex(epochs[0]!.holders[0]!.secretKey), holders[0].secretKey))
  t.strictSame(epochs[1]!.epoch, twoHolders)
})
