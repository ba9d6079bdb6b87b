/**
 * Ed25519, verified strictly (RFC 8032 section 5.1.7 with libsodium's refusals: no small-order or
 * non-canonical key, no unreduced scalar). Lenient verifiers disagree about such signatures, and
 * then one party accepts what another refuses.
 */
import { base64urlBytes, encodeBase64url } from './bytes.ts'
import type { Signature } from './envelope/envelope.ts'
import type { SecretKey } from './keys.ts'
import { sodium } from './sodium.ts'

/** The 64-byte signature of `message` under the 32-byte seed `secretKey`. */
export function sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  const { privateKey } = sodium.crypto_sign_seed_keypair(secretKey)
  return sodium.crypto_sign_detached(message, privateKey)
}

/** Whether `signature` (64 bytes) over `message` verifies under `publicKey` (32 bytes). */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return sodium.crypto_sign_verify_detached(signature, message, publicKey)
}

/** The signature of `message`, with the id of the key, as it stands beside what is signed. */
export function signatureOf(message: Uint8Array, { kid, secretKey }: SecretKey): Signature {
  return { kid, value: encodeBase64url(sign(secretKey, message)) }
}

/** Whether `signature` over `message` verifies. Whose key `publicKey` is, is for the caller to know. */
export function signatureVerifies(
  publicKey: Uint8Array,
  message: Uint8Array,
  { value }: Signature,
): boolean {
  const bytes = base64urlBytes(value)
  return bytes?.length === 64 && verify(publicKey, message, bytes)
}
