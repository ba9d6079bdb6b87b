/**
 * HPKE (RFC 9180), base mode, one message: KEM X-Wing (draft-connolly-cfrg-xwing-kem, code point
 * 0x647A), KDF HKDF-SHA256, AEAD ChaCha20-Poly1305. Anyone's HPKE library with that KEM opens what
 * this seals.
 *
 * Over libsodium rather than a library of its own: each primitive is there, and what is left is the
 * key schedule of section 5.1. Names are those of the RFC.
 */
import { concat, i2osp, utf8 } from '../bytes.ts'
import { sodium } from '../sodium.ts'

/** KEM code point of X-Wing in the HPKE registry. */
const kemXWing = 0x647a
const kdfHkdfSha256 = 0x0001
const aeadChaCha20Poly1305 = 0x0003

const modeBase = Uint8Array.of(0)
const empty = new Uint8Array()

/** What an HPKE sender hands over: `enc` and `ct` of the RFC. */
export type Sealed = { encapsulated: Uint8Array; ciphertext: Uint8Array }

/**
 * `SealBase` of section 6.1, with empty aad.
 *
 * @param publicKey - X-Wing, 1,216 bytes
 * @param seed - 64 random bytes, used once: both halves of the encapsulation are drawn from it
 */
export function sealBase(
  publicKey: Uint8Array,
  info: Uint8Array,
  plaintext: Uint8Array,
  seed: Uint8Array,
): Sealed {
  const { ciphertext: encapsulated, sharedSecret } = sodium.crypto_kem_xwing_enc_deterministic(
    publicKey,
    seed,
  )
  const { key, baseNonce } = keySchedule(kemXWing, sharedSecret, info)
  const ciphertext = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
    plaintext,
    null,
    null,
    baseNonce,
    key,
  )
  return { encapsulated, ciphertext }
}

/**
 * `OpenBase` of section 6.1, with empty aad.
 *
 * @param secretKey - X-Wing, the 32-byte seed
 * @returns `undefined` if it was sealed to another key or under another `info`, or changed since
 */
export function openBase(
  secretKey: Uint8Array,
  info: Uint8Array,
  { encapsulated, ciphertext }: Sealed,
): Uint8Array | undefined {
  try {
    const sharedSecret = sodium.crypto_kem_xwing_dec(encapsulated, secretKey)
    const { key, baseNonce } = keySchedule(kemXWing, sharedSecret, info)
    return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, null, baseNonce, key)
  } catch {
    return undefined
  }
}

/**
 * `KeySchedule` of section 5.1 for mode_base, as far as one message needs it. The KEM is a parameter
 * because the RFC's own vectors, which predate X-Wing, differ in nothing else.
 */
export function keySchedule(
  kem: number,
  sharedSecret: Uint8Array,
  info: Uint8Array,
): { key: Uint8Array; baseNonce: Uint8Array } {
  const suite = [kem, kdfHkdfSha256, aeadChaCha20Poly1305]
  const suiteId = concat(utf8('HPKE'), ...suite.map((id) => i2osp(id)))
  const pskIdHash = labeledExtract(suiteId, empty, 'psk_id_hash', empty)
  const infoHash = labeledExtract(suiteId, empty, 'info_hash', info)
  const context = concat(modeBase, pskIdHash, infoHash)
  const secret = labeledExtract(suiteId, sharedSecret, 'secret', empty)
  return {
    key: labeledExpand(suiteId, secret, 'key', context, 32),
    baseNonce: labeledExpand(suiteId, secret, 'base_nonce', context, 12),
  }
}

// Section 4. An empty salt is a key of zeros: HMAC pads either to the same block.
function labeledExtract(
  suiteId: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  const labeledIkm = concat(utf8('HPKE-v1'), suiteId, utf8(label), ikm)
  return sodium.crypto_auth_hmacsha256(labeledIkm, salt.length === 0 ? new Uint8Array(32) : salt)
}

// HKDF-Expand (RFC 5869 section 2.3), of which one block is always enough here.
function labeledExpand(
  suiteId: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const labeledInfo = concat(i2osp(length), utf8('HPKE-v1'), suiteId, utf8(label), info)
  const block = sodium.crypto_auth_hmacsha256(concat(labeledInfo, Uint8Array.of(1)), prk)
  return block.subarray(0, length)
}
