/** Key ids: docs/PROTOCOL.md, "Keys". */
import { encodeBase64url, label, utf8 } from './bytes.ts'
import { hash } from './sodium.ts'

/** What a key is for decides its algorithm, and both are in its id: one key, one use. */
export type KeyAlgorithm = 'X-Wing' | 'Ed25519' | 'ristretto255'

/** The id of a public key: 128 bits of its hash under its algorithm, in base64url. */
export function kidOf(algorithm: KeyAlgorithm, publicKey: Uint8Array): string {
  const digest = hash(label('kid'), utf8(algorithm), Uint8Array.of(0), publicKey)
  return encodeBase64url(digest.subarray(0, 16))
}
