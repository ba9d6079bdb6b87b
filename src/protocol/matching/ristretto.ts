/**
 * The group ristretto255 and its hashes, as the suite ristretto255-SHA512 of RFC 9497 (section 4.1)
 * wants them, over libsodium.
 *
 * The RFC's checks of what comes from outside are made here, for libsodium calls the identity a
 * valid element and reduces a scalar that is too large without a word. An element of another's
 * choosing under our key, or a scalar with two spellings, is refused before any arithmetic.
 *
 * Scalars and elements are 32 bytes, little-endian. Names in comments are those of the RFC.
 */
import { Refusal } from '../../errors.ts'
import { concat, type Random, utf8 } from '../bytes.ts'
import { sha512, sodium } from '../sodium.ts'

/** 2^252 + 27742317777372353535851937790883648493. */
const order = Uint8Array.of(
  ...[
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
  ],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10],
)

/** A block of SHA-512, of zeros: `Z_pad` of RFC 9380 section 5.3.1. */
const zeroPad = new Uint8Array(128)

/** Whether `bytes` are an element of the group and not its identity. */
export function isGroupElement(bytes: Uint8Array): boolean {
  return (
    bytes.length === 32 &&
    sodium.crypto_core_ristretto255_is_valid_point(bytes) &&
    !sodium.is_zero(bytes)
  )
}

/** @throws Refusal `element-invalid` unless `bytes` are an element and not the identity */
export function checkElement(bytes: Uint8Array, name: string): void {
  if (!isGroupElement(bytes)) {
    throw new Refusal('element-invalid', `${name} is no element of the group, or its identity`)
  }
}

/** @throws Refusal `scalar-invalid` unless `bytes` are a scalar from 1 to the order less 1 */
export function checkScalar(bytes: Uint8Array, name: string): void {
  if (bytes.length !== 32 || sodium.is_zero(bytes) || sodium.compare(bytes, order) >= 0) {
    throw new Refusal('scalar-invalid', `${name} is not 32 bytes, zero, or not below the order`)
  }
}

/**
 * `scalar * element`. Both must have been checked: of a zero scalar or the identity libsodium makes
 * an error of its own.
 */
export function multiply(scalar: Uint8Array, element: Uint8Array): Uint8Array {
  return sodium.crypto_scalarmult_ristretto255(scalar, element)
}

/** `scalar * G`. */
export function multiplyBase(scalar: Uint8Array): Uint8Array {
  return sodium.crypto_scalarmult_ristretto255_base(scalar)
}

/** The sum of elements, at least one. May be the identity, which is 32 zero bytes. */
export function sumOf(elements: readonly Uint8Array[]): Uint8Array {
  return elements.reduce((a, b) => sodium.crypto_core_ristretto255_add(a, b))
}

/** `RandomScalar`, from 64 random bytes reduced (section 4.7.2). Never zero. */
export function randomScalar(random: Random): Uint8Array {
  const scalar = sodium.crypto_core_ristretto255_scalar_reduce(random(64))
  if (sodium.is_zero(scalar)) throw new Error('the random source gives zeros')
  return scalar
}

/** `contextString` of section 3.1, for the mode VOPRF (1): what is hashed for another mode is another hash. */
const contextString = concat(utf8('OPRFV1-'), Uint8Array.of(1), utf8('-ristretto255-SHA512'))

/** A domain separation tag: what one hash of the suite is for. */
export function domain(name: string): Uint8Array {
  return concat(utf8(name), contextString)
}

/**
 * `HashToGroup`.
 *
 * @throws Refusal `element-invalid` if it is the identity, the `InvalidInputError` of section 3.3.1,
 *   which nobody can bring about
 */
export function hashToGroup(input: Uint8Array, tag: Uint8Array): Uint8Array {
  return elementFrom(expandMessage(input, tag))
}

/** `HashToScalar`. */
export function hashToScalar(input: Uint8Array, tag: Uint8Array): Uint8Array {
  return sodium.crypto_core_ristretto255_scalar_reduce(expandMessage(input, tag))
}

/**
 * The element of 64 uniform bytes: `hash_to_ristretto255` of RFC 9380 appendix B.
 *
 * @throws Refusal `element-invalid` if it is the identity
 */
export function elementFrom(uniform: Uint8Array): Uint8Array {
  const element = sodium.crypto_core_ristretto255_from_hash(uniform)
  checkElement(element, 'the hash of an input')
  return element
}

// `expand_message_xmd` of RFC 9380 section 5.3.1 for SHA-512 and 64 bytes, which are one block.
function expandMessage(message: Uint8Array, tag: Uint8Array): Uint8Array {
  const tagPrime = concat(tag, Uint8Array.of(tag.length))
  const first = sha512(concat(zeroPad, message, Uint8Array.of(0, 64, 0), tagPrime))
  return sha512(concat(first, Uint8Array.of(1), tagPrime))
}
