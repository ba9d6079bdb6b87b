/**
 * Places in a feed, as they are handed to whoever reads it. A place counts the transactions of the database, and with that
 * whatever anybody did in between: what became of others would be told by how far it moved. So it is sealed under a key of
 * the service, and the same place is always the same text (a synthetic IV, as in RFC 5297, over XChaCha20-Poly1305).
 */
import { base64urlBytes, concat, encodeBase64url, label, utf8 } from './bytes.ts'
import { keyedHash, sodium } from './sodium.ts'

const nonceBytes = 24

/** The key of places, out of the key of TOKEN_SEAL_FILE, which it does not betray. */
export function placeKey(sealKey: Uint8Array): Uint8Array {
  return keyedHash(sealKey, label('places in feeds'))
}

/** @param reader - for whom it is: to anybody else it does not open */
export function sealPlace(key: Uint8Array, reader: string, place: Uint8Array): string {
  const bound = utf8(reader)
  const nonce = keyedHash(keyedHash(key, label('nonce')), bound, place).subarray(0, nonceBytes)
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    ...([place, bound, null, nonce, key] as const),
  )
  return encodeBase64url(concat(nonce, sealed))
}

/** Opens one again; `undefined` for what was sealed under another key or for another reader, or was never a place. */
export function openPlace(key: Uint8Array, reader: string, sealed: string): Uint8Array | undefined {
  const bytes = base64urlBytes(sealed)
  if (!bytes || bytes.length < nonceBytes) return undefined
  const [nonce, rest] = [bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes)]
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      ...([null, rest, utf8(reader), nonce, key] as const),
    )
  } catch {
    return undefined
  }
}
