/**
 * One compartment, sealed: docs/PROTOCOL.md, "Sealing", steps 1 to 3.
 *
 * The key is used once and committed to in the header, because ChaCha20-Poly1305 alone does not
 * commit: a sealer could craft one ciphertext that opens to two stories under two keys.
 */
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import type { CompartmentName } from '../../referral/compartment.ts'
import { concat, encodeBase64url, label, utf8 } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { hash, sodium } from '../sodium.ts'
import { withContent } from './content.ts'

/** What can be sealed: a compartment of a referral, or the one of a message. */
export type SealedName = CompartmentName | 'message'

const nonceBytes = 12
const tagBytes = 16

/** What sealing adds to the padded plaintext: the nonce before it, the tag behind. */
const overheadBytes = nonceBytes + tagBytes

// A power of two tells the server little about how much was said. Free text gets a higher floor,
// for there the length would say most; the ceilings bound what one field may take of an envelope.
const paddedBytesMin = (name: SealedName) => (isFreeText(name) ? 8 * 1024 : 1024)
const paddedBytesMax = (name: SealedName) => (isFreeText(name) ? 128 * 1024 : 64 * 1024)

/** The lengths that a sealed compartment may have, ascending, in bytes. */
export function permittedSealedBytes(name: SealedName): number[] {
  const lengths: number[] = []
  for (let padded = paddedBytesMin(name); padded <= paddedBytesMax(name); padded *= 2) {
    lengths.push(padded + overheadBytes)
  }
  return lengths
}

/** A sealed compartment as text: unpadded base64url, of the right size if not yet the right length. */
export function sealedText(name: SealedName) {
  const lengths = permittedSealedBytes(name).map((bytes) => Math.ceil((bytes * 4) / 3))
  return Type.String({
    pattern: '^[A-Za-z0-9_-]+$',
    minLength: Math.min(...lengths),
    maxLength: Math.max(...lengths),
  })
}

/** The commitment to a compartment's key, which stands in the header. */
export function commitmentTo(name: SealedName, key: Uint8Array): Uint8Array {
  return hash(label('commitment'), utf8(name), key)
}

/** What stands in the signature for a compartment, whether or not the reader is given it. */
export function sealedHash(sealed: Uint8Array): string {
  return encodeBase64url(hash(label('sealed'), sealed))
}

/**
 * Seals the canonical bytes of a compartment under `key` (32 bytes, used once), with `nonce` (12
 * bytes) before the ciphertext.
 */
export function sealCompartment(
  name: SealedName,
  plain: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  headerHash: Uint8Array,
): Uint8Array {
  const padded = sodium.pad(plain, paddedBytes(name, plain.length))
  const ciphertext = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
    padded,
    associatedData(name, headerHash),
    null,
    nonce,
    key,
  )
  return concat(nonce, ciphertext)
}

/**
 * The padded bytes of a sealed compartment.
 *
 * @returns `undefined` if it was sealed under another key, header or name, or changed since
 */
export function openCompartment(
  name: SealedName,
  sealed: Uint8Array,
  key: Uint8Array,
  headerHash: Uint8Array,
): Uint8Array | undefined {
  try {
    return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
      null,
      sealed.subarray(nonceBytes),
      associatedData(name, headerHash),
      sealed.subarray(0, nonceBytes),
      key,
    )
  } catch {
    return undefined
  }
}

/** Takes the padding off. @returns `undefined` if there is none of the right form */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  try {
    return sodium.unpad(padded, padded.length)
  } catch {
    return undefined
  }
}

/**
 * The canonical bytes of what a compartment says, with its content version.
 *
 * @throws Refusal `referral-too-large` if they leave no room for padding in the largest length
 */
export function plainBytes(name: SealedName, value: unknown): Uint8Array {
  const plain = canonicalBytes(withContent(name, value))
  if (plain.length >= paddedBytesMax(name)) {
    const limit = paddedBytesMax(name) - 1
    throw new Refusal('referral-too-large', `${name} is over ${limit} bytes`)
  }
  return plain
}

/** The length that a plaintext of so many bytes is sealed to. */
export function sealedBytesOf(name: SealedName, plainLength: number): number {
  return paddedBytes(name, plainLength) + overheadBytes
}

function associatedData(name: SealedName, headerHash: Uint8Array): Uint8Array {
  return concat(label('field'), headerHash, utf8(name))
}

// Padding is at least one byte, so a plaintext that fills a power of two goes to the next.
function paddedBytes(name: SealedName, plainLength: number): number {
  return Math.max(paddedBytesMin(name), 2 ** Math.ceil(Math.log2(plainLength + 1)))
}

function isFreeText(name: SealedName): boolean {
  return name === 'narrative' || name === 'message'
}
