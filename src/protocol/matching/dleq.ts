/**
 * Proofs of equal discrete logarithms (RFC 9497 section 2.2): that a whole batch was evaluated under
 * the secret half of one public key, without showing it. One proof of 64 bytes, however long the
 * batch.
 *
 * Names are those of the RFC: `B` the public key, `C` the elements asked for, `D` the answers.
 * Callers have checked every element and scalar.
 */
import { concat, equalBytes, i2osp, lengthPrefixed, type Random, utf8 } from '../bytes.ts'
import { sha512, sodium } from '../sodium.ts'
import {
  domain,
  hashToScalar,
  isGroupElement,
  multiply,
  multiplyBase,
  randomScalar,
  sumOf,
} from './ristretto.ts'

const scalarTag = domain('HashToScalar-')
const seedTag = domain('Seed-')

/** An element and its evaluation. */
export type Evaluated = { C: Uint8Array; D: Uint8Array }

/**
 * `GenerateProof` of section 2.2.1, with `A` the generator and `B = k * A`.
 *
 * @param random - drawn from once; whoever learns what it gave can compute `k`
 * @returns `c ‖ s`, or `undefined` if the elements were chosen so that their weighted sum vanishes:
 *   that never happens by chance, and nothing can be proved of such a batch
 */
export function generateProof(
  k: Uint8Array,
  B: Uint8Array,
  batch: readonly Evaluated[],
  random: Random,
): Uint8Array | undefined {
  // ComputeCompositesFast: whoever knows k needs no second sum, over the answers.
  const seed = seedOf(B)
  const M = sumOf(batch.map((item, index) => multiply(weight(seed, index, item), item.C)))
  if (!isGroupElement(M)) return undefined
  const Z = multiply(k, M)
  const r = randomScalar(random)
  const c = challenge(B, M, Z, multiplyBase(r), multiply(r, M))
  const ck = sodium.crypto_core_ristretto255_scalar_mul(c, k)
  return concat(c, sodium.crypto_core_ristretto255_scalar_sub(r, ck))
}

/** `VerifyProof` of section 2.2.2: whether one `k` takes the generator to `B` and each `C` to `D`. */
export function verifyProof(
  B: Uint8Array,
  batch: readonly Evaluated[],
  c: Uint8Array,
  s: Uint8Array,
): boolean {
  const seed = seedOf(B)
  const weighted = batch.map((item, index) => {
    const d = weight(seed, index, item)
    return { C: multiply(d, item.C), D: multiply(d, item.D) }
  })
  const M = sumOf(weighted.map(({ C }) => C))
  const Z = sumOf(weighted.map(({ D }) => D))
  if (!isGroupElement(M) || !isGroupElement(Z)) return false
  const t2 = sumOf([multiplyBase(s), multiply(c, B)])
  const t3 = sumOf([multiply(s, M), multiply(c, Z)])
  return equalBytes(challenge(B, M, Z, t2, t3), c)
}

function seedOf(B: Uint8Array): Uint8Array {
  return sha512(concat(lengthPrefixed(B), lengthPrefixed(seedTag)))
}

// `di` of ComputeComposites: a factor that nobody can choose, so that errors do not cancel out.
function weight(seed: Uint8Array, index: number, { C, D }: Evaluated): Uint8Array {
  const transcript = concat(
    lengthPrefixed(seed),
    i2osp(index),
    lengthPrefixed(C),
    lengthPrefixed(D),
    utf8('Composite'),
  )
  return hashToScalar(transcript, scalarTag)
}

function challenge(...elements: Uint8Array[]): Uint8Array {
  return hashToScalar(concat(...elements.map(lengthPrefixed), utf8('Challenge')), scalarTag)
}
