/**
 * The door to libsodium, opened once: whoever imports this module may call it at once, but in the client
 * package, where `ready` comes first.
 *
 * The full ("sumo") build, for ristretto255, Argon2id and SHA-256. Runs in Node and in a browser
 * whose content security policy allows `'wasm-unsafe-eval'`.
 */
import sodium from 'libsodium-wrappers'
import { concat } from './bytes.ts'
import './loaded.ts'

export { sodium }

/** Resolves when libsodium may be called, which is before a module that imports this one runs. */
export const ready: Promise<void> = sodium.ready

/** Whether that was so already. */
export function isReady(): boolean {
  return 'crypto_generichash' in sodium
}

/** `H` of docs/PROTOCOL.md: BLAKE2b-256 over the parts joined. */
export function hash(...parts: Uint8Array[]): Uint8Array {
  return sodium.crypto_generichash(32, concat(...parts), null)
}

/** `H_k` of docs/PROTOCOL.md: BLAKE2b-256 over the parts joined, keyed with 16 to 64 bytes. */
export function keyedHash(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  return sodium.crypto_generichash(32, concat(...parts), key)
}

/** SHA-256, where an outside standard or a public log asks for it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return sodium.crypto_hash_sha256(bytes)
}

/** SHA-512, the hash of the ristretto255-SHA512 suite of RFC 9497. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return sodium.crypto_hash_sha512(bytes)
}

/**
 * Bytes of the system's random source, at most 65,536. libsodium's own function draws from the same one,
 * and asks it for four for each byte that it gives.
 */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}
