// Goal: blinding is RFC 9497's, so that any client and any holder of a key can meet; and nothing from
// outside is computed with before it was checked.
// Method: the RFC's vectors as they are; noble's implementation as the other end, in turns; spoiled
// elements, scalars and proofs, at both ends.

import { ristretto255, ristretto255_oprf } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import sodium from 'libsodium-wrappers'
import t from 'tap'
import type { Random } from '../../../src/protocol/bytes.ts'
import { elementFrom, isGroupElement } from '../../../src/protocol/matching/ristretto.ts'
import {
  addElements,
  blind,
  blindEvaluate,
  finalize,
  generateMatchingKey,
  verifyEvaluation,
} from '../../../src/protocol/matching/voprf.ts'
import rfc9497 from '../../vectors/rfc9497-ristretto255.json' with { type: 'json' }
import { holder } from '../blinding.ts'
import { codeOf, hex, seedOf, unhex } from '../world.ts'

const { oprf, voprf } = ristretto255_oprf
const { Fn } = ristretto255.Point
const order = hex(Fn.toBytes(Fn.ORDER - 1n)).replace(/^ec/, 'ed')
const identity = new Uint8Array(32)

/** A random source whose next scalar is this one: 64 bytes that reduce to it. */
const scalarSource =
  (scalar: string): Random =>
  () =>
    unhex(scalar.padEnd(128, '0'))

/** Client and holder at once, both noble's. */
function alone(mode: Pick<typeof oprf, 'blind'>, secretKey: Uint8Array, input: Uint8Array) {
  const sent = mode.blind(input)
  return oprf.finalize(input, sent.blind, oprf.blindEvaluate(secretKey, sent.blinded))
}

/** Mode 1: VOPRF. */
const suite = rfc9497.suites.find(({ mode }) => mode === 1)!

t.test('every vector of RFC 9497 appendix A.1.2 is met, proofs and batches too', async (t) => {
  t.equal(suite.vectors.length, 3)
  const key = { secretKey: unhex(suite.skSm), publicKey: unhex(suite.pkSm!) }
  for (const vector of suite.vectors) {
    const blinds = vector.Blind.split(',')
    const inputs = vector.Input.split(',').map(unhex)
    const blinded = inputs.map((input, i) => blind(input, scalarSource(blinds[i]!)))
    t.strictSame(
      blinded.map((each) => hex(each.blind)),
      blinds,
    )
    const elements = blinded.map(({ blindedElement }) => blindedElement)
    t.equal(elements.map(hex).join(), vector.BlindedElement)

    if (!('Proof' in vector)) throw new Error('a vector of VOPRF has a proof')
    const { proof, r } = vector.Proof
    const answer = blindEvaluate(key, elements, scalarSource(r))
    t.equal(answer.elements.map(hex).join(), vector.EvaluationElement)
    t.equal(hex(answer.proof), proof)
    verifyEvaluation(key.publicKey, elements, answer.elements, unhex(proof))
    const outputs = answer.elements.map((each, i) => finalize(inputs[i]!, unhex(blinds[i]!), each))
    t.equal(outputs.map(hex).join(), vector.Output)
  }
})

const batches = fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 5 })
const runs = { numRuns: 15 }

t.test("noble's client and our holder agree", async (t) => {
  fc.assert(
    fc.property(batches, (inputs) => {
      const key = generateMatchingKey()
      const asked = inputs.map((input) => ({ input, ...voprf.blind(input) }))
      const { elements, proof } = blindEvaluate(
        key,
        asked.map(({ blinded }) => blinded),
      )
      const items = asked.map((item, i) => ({ ...item, evaluated: elements[i]! }))
      const outputs = voprf.finalizeBatch(items, key.publicKey, proof)
      t.strictSame(
        outputs,
        inputs.map((input) => alone(voprf, key.secretKey, input)),
      )
    }),
    runs,
  )
})

t.test("our client and noble's holder agree", async (t) => {
  fc.assert(
    fc.property(batches, (inputs) => {
      const { secretKey, publicKey } = voprf.generateKeyPair()
      const asked = inputs.map((input) => blind(input))
      const blinded = asked.map(({ blindedElement }) => blindedElement)
      const { evaluated, proof } = voprf.blindEvaluateBatch(secretKey, publicKey, blinded)
      verifyEvaluation(publicKey, blinded, evaluated, proof)
      for (const [i, input] of inputs.entries()) {
        const output = finalize(input, asked[i]!.blind, evaluated[i]!)
        t.strictSame(output, alone(voprf, secretKey, input))
      }
    }),
    runs,
  )
})

t.test(
  'what two holders answer adds up to an evaluation under the sum of their keys',
  async (t) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (input) => {
        const [one, other] = [generateMatchingKey(), generateMatchingKey()]
        const sent = blind(input)
        const answers = [one, other].map((key) => {
          return blindEvaluate(key, [sent.blindedElement]).elements[0]!
        })
        const sum = Fn.add(Fn.fromBytes(one.secretKey), Fn.fromBytes(other.secretKey))
        t.strictSame(
          finalize(input, sent.blind, addElements(answers[0]!, answers[1]!)),
          alone(voprf, Fn.toBytes(sum), input),
        )
      }),
      runs,
    )
  },
)

t.test('one input is blinded anew each time, and comes out the same', async (t) => {
  const key = generateMatchingKey()
  const sent = [blind(seedOf('input')), blind(seedOf('input'))]
  t.not(hex(sent[0]!.blindedElement), hex(sent[1]!.blindedElement))
  const asked = sent.map(({ blindedElement }) => blindedElement)
  const { elements } = blindEvaluate(key, asked)
  const outputs = sent.map((each, i) => hex(finalize(seedOf('input'), each.blind, elements[i]!)))
  t.equal(outputs[0], outputs[1])
  const proofs = [0, 1].map(() => hex(blindEvaluate(key, elements).proof))
  t.not(proofs[0], proofs[1], 'nor is the randomness of a proof ever used twice')
})

// RFC 9496 appendix A.2, one or two of each kind: not canonical, negative, no square, negative xy.
const noElements = {
  'no bytes': '',
  'a byte short': 'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d',
  'a byte over': 'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d7600',
  'not canonical': `ed${'ff'.repeat(30)}7f`,
  'not canonical either': `f3${'ff'.repeat(30)}7f`,
  negative: `01${'00'.repeat(31)}`,
  'no square': '26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371',
  'negative product': '3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e',
  'the identity': '00'.repeat(32),
}

const noScalars = {
  'no bytes': '',
  'a byte short': '01'.repeat(31),
  'a byte over': `01${'00'.repeat(32)}`,
  zero: '00'.repeat(32),
  'the order': order,
  'the order and one': order.replace(/^ed/, 'ee'),
  'the largest': 'ff'.repeat(32),
}

t.test('bytes are an element for us exactly where they are for noble', async (t) => {
  const isElement = (bytes: Uint8Array) => {
    try {
      return !ristretto255.Point.fromBytes(bytes).equals(ristretto255.Point.ZERO)
    } catch {
      return false
    }
  }
  for (const [what, bytes] of Object.entries(noElements)) {
    t.notOk(isGroupElement(unhex(bytes)), what)
    t.notOk(isElement(unhex(bytes)), `${what}, by noble`)
  }
  // Even, and below the prime: about one in four of these is an element.
  const likely = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
    return bytes.with(0, bytes[0]! & 0xfe).with(31, bytes[31]! & 0x7f)
  })
  const seen = new Set<boolean>()
  fc.assert(
    fc.property(likely, (bytes) => {
      seen.add(isGroupElement(bytes))
      t.equal(isGroupElement(bytes), isElement(bytes))
    }),
    { numRuns: 200 },
  )
  t.equal(seen.size, 2, 'both kinds were met')
})

t.test('an input that hashes to the identity is refused', async (t) => {
  t.equal(
    codeOf(() => elementFrom(new Uint8Array(64))),
    'element-invalid',
  )
})

t.test('a random source that gives zeros blinds nothing', async (t) => {
  t.throws(() => blind(seedOf('input'), (length) => new Uint8Array(length)), /gives zeros/)
})

t.test('an input whose length two bytes cannot state is refused', async (t) => {
  const { blind: scalar, blindedElement } = blind(new Uint8Array(0xffff))
  const long = new Uint8Array(0x1_0000)
  for (const act of [() => blind(long), () => finalize(long, scalar, blindedElement)]) {
    t.equal(codeOf(act), 'malformed-request')
  }
})

const [key, stranger] = [holder('matching'), holder('stranger')]
const blinded = ['a', 'b', 'c'].map((name) => blind(seedOf(name)).blindedElement)
const { elements, proof } = blindEvaluate(key, blinded)

t.test('a holder refuses by name what it cannot evaluate', async (t) => {
  for (const [what, bytes] of Object.entries(noElements)) {
    const batch = [blinded[0]!, unhex(bytes), blinded[2]!]
    t.equal(
      codeOf(() => blindEvaluate(key, batch)),
      'element-invalid',
      what,
    )
    const mistaken = { ...key, publicKey: unhex(bytes) }
    t.equal(
      codeOf(() => blindEvaluate(mistaken, blinded)),
      'element-invalid',
      `${what}, as key`,
    )
  }
  for (const [what, bytes] of Object.entries(noScalars)) {
    const mistaken = { ...key, secretKey: unhex(bytes) }
    t.equal(
      codeOf(() => blindEvaluate(mistaken, blinded)),
      'scalar-invalid',
      what,
    )
  }
  t.equal(
    codeOf(() => blindEvaluate(key, [])),
    'batch-mismatch',
  )
  const many = Array.from({ length: 0x1_0000 }, () => identity)
  t.equal(
    codeOf(() => blindEvaluate(key, many)),
    'batch-mismatch',
    'before it looks at each',
  )
})

t.test('a client refuses by name an answer that is not the evaluation it asked for', async (t) => {
  const verified = (changes: {
    publicKey?: Uint8Array
    blinded?: readonly Uint8Array[]
    elements?: readonly Uint8Array[]
    proof?: Uint8Array
  }) => {
    const answer = { publicKey: key.publicKey, blinded, elements, proof, ...changes }
    return codeOf(() => {
      verifyEvaluation(answer.publicKey, answer.blinded, answer.elements, answer.proof)
    })
  }
  t.equal(verified({}), undefined)

  const [first, second, third] = elements as [Uint8Array, Uint8Array, Uint8Array]
  const forged = blindEvaluate(stranger, blinded)
  const notEvaluated: Record<string, Parameters<typeof verified>[0]> = {
    'under another key, with its proof': forged,
    'with the proof of another key': { proof: forged.proof },
    "by another's public key": { publicKey: stranger.publicKey },
    'an element changed': { elements: [first, forged.elements[1]!, third] },
    'two elements exchanged': { elements: [second, first, third] },
    'both sides exchanged': { blinded: elements, elements: blinded },
    'two errors that cancel out in a plain sum': {
      elements: [
        sodium.crypto_core_ristretto255_add(first, third),
        sodium.crypto_core_ristretto255_sub(second, third),
        third,
      ],
    },
    'the halves of the proof exchanged': {
      proof: Uint8Array.of(...proof.subarray(32), ...proof.subarray(0, 32)),
    },
    'the proof of another batch': { proof: blindEvaluate(key, blinded.slice(1)).proof },
  }
  for (const [what, changes] of Object.entries(notEvaluated)) {
    t.equal(verified(changes), 'proof-invalid', what)
  }

  for (const [what, bytes] of Object.entries(noElements)) {
    const batch = [first, unhex(bytes), third]
    t.equal(verified({ elements: batch }), 'element-invalid', what)
    t.equal(verified({ blinded: batch }), 'element-invalid', `${what}, asked`)
    t.equal(verified({ publicKey: unhex(bytes) }), 'element-invalid', `${what}, as key`)
    t.equal(
      codeOf(() => addElements(first, unhex(bytes))),
      'element-invalid',
      `${what}, added`,
    )
    t.equal(
      codeOf(() => addElements(unhex(bytes), first)),
      'element-invalid',
      `to ${what}`,
    )
    t.equal(
      codeOf(() => finalize(identity, proof.subarray(32), unhex(bytes))),
      'element-invalid',
    )
  }
  for (const [what, bytes] of Object.entries(noScalars)) {
    t.equal(
      codeOf(() => finalize(identity, unhex(bytes), first)),
      'scalar-invalid',
      what,
    )
    const c = Uint8Array.of(...unhex(bytes), ...proof.subarray(32))
    const s = Uint8Array.of(...proof.subarray(0, 32), ...unhex(bytes))
    t.equal(verified({ proof: s }), 'scalar-invalid', `${what}, as s`)
    // A half that is too long or short moves the other.
    if (bytes.length === 64) t.equal(verified({ proof: c }), 'scalar-invalid', `${what}, as c`)
  }

  t.equal(verified({ elements: [first, second] }), 'batch-mismatch')
  t.equal(verified({ elements: [...elements, first] }), 'batch-mismatch')
  t.equal(verified({ blinded: [], elements: [] }), 'batch-mismatch')
})

t.test('a proof says the same of an unreduced scalar, and is refused all the same', async (t) => {
  // s + order: libsodium would compute with it as with s. One proof has one spelling.
  const s = Fn.fromBytes(proof.subarray(32)) + Fn.ORDER
  const bytes = unhex(s.toString(16).padStart(64, '0')).reverse()
  const respelt = Uint8Array.of(...proof.subarray(0, 32), ...bytes)
  t.strictSame(
    sodium.crypto_scalarmult_ristretto255_base(bytes),
    sodium.crypto_scalarmult_ristretto255_base(proof.subarray(32)),
  )
  t.equal(
    codeOf(() => verifyEvaluation(key.publicKey, blinded, elements, respelt)),
    'scalar-invalid',
  )
})

t.test('answers that cancel each other out are refused', async (t) => {
  const [element] = elements
  const negated = sodium.crypto_core_ristretto255_sub(identity, element!)
  t.equal(
    codeOf(() => addElements(element!, negated)),
    'element-invalid',
  )
})
