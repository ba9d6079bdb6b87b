/**
 * Key pairs: docs/PROTOCOL.md, "Keys". A secret key is always its 32-byte seed, as in RFC 8032 and
 * the X-Wing draft: one length, and never a secret half beside a public half it does not fit.
 */
import { type KeyAlgorithm, kidOf } from './kid.ts'
import { randomBytes, sodium } from './sodium.ts'

/** A key pair with its id. `secretKey` is a 32-byte seed. */
export type KeyPair = { kid: string; publicKey: Uint8Array; secretKey: Uint8Array }

/** What it takes to sign or to open: a key pair without its public half. */
export type SecretKey = Pick<KeyPair, 'kid' | 'secretKey'>

/** A new X-Wing key pair, to receive with. */
export function generateRecipientKey(): KeyPair {
  return recipientKeyFrom(randomBytes(32))
}

/** A new Ed25519 key pair, to sign with. */
export function generateSigningKey(): KeyPair {
  return signingKeyFrom(randomBytes(32))
}

/** The X-Wing key pair of a 32-byte seed. */
export function recipientKeyFrom(seed: Uint8Array): KeyPair {
  return keyPair('X-Wing', sodium.crypto_kem_xwing_seed_keypair(seed).publicKey, seed)
}

/** The Ed25519 key pair of a 32-byte seed. */
export function signingKeyFrom(seed: Uint8Array): KeyPair {
  return keyPair('Ed25519', sodium.crypto_sign_seed_keypair(seed).publicKey, seed)
}

/** Whether 32 bytes are a key that strict Ed25519 could verify with: canonical, of full order. */
export function isSigningPublicKey(publicKey: Uint8Array): boolean {
  return sodium.crypto_core_ed25519_is_valid_point(publicKey)
}

/** Whether 1,216 bytes can be encapsulated to (FIPS 203 section 7.2 checks the ML-KEM half). */
export function isRecipientPublicKey(publicKey: Uint8Array): boolean {
  try {
    sodium.crypto_kem_xwing_enc(publicKey)
    return true
  } catch {
    return false
  }
}

function keyPair(algorithm: KeyAlgorithm, publicKey: Uint8Array, secretKey: Uint8Array): KeyPair {
  return { kid: kidOf(algorithm, publicKey), publicKey, secretKey }
}
