/**
 * Oblivious evaluation of a keyed hash: RFC 9497, suite ristretto255-SHA512, mode VOPRF, over libsodium.
 * Who asks learns the hash and nothing of the key; who holds the key learns neither what is hashed nor the
 * hash, and proves that it used that key.
 *
 * Everything that comes from outside is checked before any arithmetic, and refused by name. Runs at
 * both ends: `blind`, `verifyEvaluation`, `addElements` and `finalize` in a client, the rest in the
 * process that holds the matching key.
 */
import { Refusal } from '../../errors.ts'
import { concat, lengthPrefixed, type Random, utf8 } from '../bytes.ts'
import { randomBytes, sha512, sodium } from '../sodium.ts'
import { generateProof, verifyProof } from './dleq.ts'
import {
  checkElement,
  checkScalar,
  domain,
  hashToGroup,
  multiply,
  multiplyBase,
  randomScalar,
  sumOf,
} from './ristretto.ts'

/** A scalar and the element it takes the generator to, 32 bytes each. */
export type MatchingKey = { secretKey: Uint8Array; publicKey: Uint8Array }

/** What a client keeps, and what it sends, of one input. */
export type Blinded = { blind: Uint8Array; blindedElement: Uint8Array }

/** The lengths that two bytes can state: section 1.2. */
const lengthMax = 0xffff

const groupTag = domain('HashToGroup-')

/** `GenerateKeyPair` of section 3.2. */
export function generateMatchingKey(): MatchingKey {
  return keyOf(randomScalar(randomBytes))
}

/**
 * `Blind` of section 3.3.1.
 *
 * @param input - at most 65,535 bytes
 * @throws Refusal `malformed-request` for a longer input
 */
export function blind(input: Uint8Array, random: Random = randomBytes): Blinded {
  if (input.length > lengthMax) {
    throw new Refusal('malformed-request', `an input is longer than ${lengthMax} bytes`)
  }
  const scalar = randomScalar(random)
  return { blind: scalar, blindedElement: multiply(scalar, hashToGroup(input, groupTag)) }
}

/**
 * `BlindEvaluate` of section 3.3.2, mode VOPRF: a batch under one proof.
 *
 * @returns the evaluated elements in the order of the blinded, and the proof, `c ‖ s`, 64 bytes
 * @throws Refusal `batch-mismatch` for no element or too many; `scalar-invalid`; `element-invalid`, also for a
 *   batch made so that nothing can be proved of it
 */
export function blindEvaluate(
  { secretKey, publicKey }: MatchingKey,
  blindedElements: readonly Uint8Array[],
  random: Random = randomBytes,
): { elements: Uint8Array[]; proof: Uint8Array } {
  checkElement(publicKey, 'the public matching key')
  checkScalar(secretKey, 'the matching key')
  checkBatch(blindedElements, 'blinded element')
  const batch = blindedElements.map((C) => ({ C, D: multiply(secretKey, C) }))
  const proof = generateProof(secretKey, publicKey, batch, random)
  if (!proof) throw new Refusal('element-invalid', 'the elements of the batch cancel out')
  return { elements: batch.map(({ D }) => D), proof }
}

/**
 * Whether `elements` are the `blindedElements` evaluated under the secret half of `publicKey`, one
 * for one: the proof's part of `Finalize` in section 3.3.2. Returns if so.
 *
 * @throws Refusal `batch-mismatch` for another number of elements, or none; `element-invalid`;
 *   `scalar-invalid` if a half of the proof is not 32 bytes, zero or not reduced; else `proof-invalid`
 */
export function verifyEvaluation(
  publicKey: Uint8Array,
  blindedElements: readonly Uint8Array[],
  elements: readonly Uint8Array[],
  proof: Uint8Array,
): void {
  if (elements.length !== blindedElements.length) {
    throw new Refusal('batch-mismatch', 'the answer has another number of elements')
  }
  checkElement(publicKey, 'the public matching key')
  checkBatch(blindedElements, 'blinded element')
  checkBatch(elements, 'evaluated element')
  const c = proof.subarray(0, 32)
  const s = proof.subarray(32)
  checkScalar(c, 'the first half of the proof')
  checkScalar(s, 'the second half of the proof')
  const batch = blindedElements.flatMap((C, index) => {
    const D = elements[index]
    return D ? [{ C, D }] : []
  })
  if (!verifyProof(publicKey, batch, c, s)) {
    throw new Refusal('proof-invalid', 'the elements were not evaluated under that public key')
  }
}

/**
 * The sum of what two holders answered to one blinded element: its evaluation under the sum of their
 * keys. This step is ours, not the RFC's.
 *
 * @throws Refusal `element-invalid` for an invalid part, or if the sum is the identity
 */
export function addElements(a: Uint8Array, b: Uint8Array): Uint8Array {
  checkElement(a, 'an evaluated element')
  checkElement(b, 'an evaluated element')
  const sum = sumOf([a, b])
  checkElement(sum, 'the sum of the evaluated elements')
  return sum
}

/**
 * `Finalize` of section 3.3.1, after the proof has been verified: takes the blind off and hashes.
 *
 * @param scalar - the `blind` that the input was blinded with
 * @returns 64 bytes, the same whatever the blind was
 * @throws Refusal `scalar-invalid`, `element-invalid`
 */
export function finalize(input: Uint8Array, scalar: Uint8Array, element: Uint8Array): Uint8Array {
  checkScalar(scalar, 'the blind')
  checkElement(element, 'an evaluated element')
  const unblinded = multiply(sodium.crypto_core_ristretto255_scalar_invert(scalar), element)
  return sha512(concat(lengthPrefixed(input), lengthPrefixed(unblinded), utf8('Finalize')))
}

function keyOf(secretKey: Uint8Array): MatchingKey {
  return { secretKey, publicKey: multiplyBase(secretKey) }
}

function checkBatch(elements: readonly Uint8Array[], name: string): void {
  if (elements.length === 0 || elements.length > lengthMax) {
    throw new Refusal('batch-mismatch', `a batch has 1 to ${lengthMax} elements`)
  }
  for (const [index, element] of elements.entries()) checkElement(element, `${name} ${index}`)
}
