/**
 * Compact JWS (RFC 7515 section 7.1) with Ed25519 (RFC 9864), for the two signed documents.
 *
 * The protected header is exactly `{ alg: "Ed25519", kid, typ }` in canonical JSON, so for each
 * trusted key there is one header that can stand, and reading is a comparison of strings: nothing
 * that the document itself says chooses an algorithm, a key or an extension.
 */
import { Refusal } from '../../errors.ts'
import { base64urlBytes, encodeBase64url, utf8 } from '../bytes.ts'
import { canonicalBytes, parseCanonical } from '../canonical.ts'
import type { SecretKey } from '../keys.ts'
import { sign, verify } from '../signature.ts'

/** What is signed: a keyset, or a directory. Neither can be shown as the other. */
export type DocumentType = 'keyset+jws' | 'directory+jws'

/** A public Ed25519 key whose signature counts, with its id. */
export type TrustedKey = { kid: string; publicKey: Uint8Array }

/** Signs `payload`, in its canonical form, as a document of type `typ`. */
export function signJws(typ: DocumentType, payload: unknown, key: SecretKey): string {
  const signed = `${headerOf(typ, key.kid)}.${encodeBase64url(canonicalBytes(payload))}`
  return `${signed}.${encodeBase64url(sign(key.secretKey, utf8(signed)))}`
}

/**
 * The payload's bytes, if one of `trusted` signed them as a document of type `typ`.
 *
 * @throws Refusal `trust-invalid` otherwise
 */
export function verifyJws(
  jws: string,
  typ: DocumentType,
  trusted: readonly TrustedKey[],
): Uint8Array {
  const [header, payload, signature, ...rest] = jws.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw new Refusal('trust-invalid', 'the document is not a compact JWS of three parts')
  }
  const key = trusted.find((candidate) => headerOf(typ, candidate.kid) === header)
  if (!key) {
    throw new Refusal('trust-invalid', `the JWS header is not that of a trusted key and ${typ}`)
  }
  const bytes = base64urlBytes(payload)
  const signatureBytes = base64urlBytes(signature)
  if (
    !bytes ||
    signatureBytes?.length !== 64 ||
    !verify(key.publicKey, utf8(`${header}.${payload}`), signatureBytes)
  ) {
    throw new Refusal('trust-invalid', 'the signature of the document does not verify')
  }
  return bytes
}

/**
 * The payload of a JWS **without checking who signed it**: for a document that something else
 * vouches for, such as the store that it was checked into.
 *
 * @throws Refusal `trust-invalid` if it is not a compact JWS with a canonical JSON payload
 */
export function readPayload<Payload>(jws: string): Payload {
  return payloadValue(payloadBytes(jws)) as Payload
}

/** The bytes of that payload, **without checking who signed them**. */
export function payloadBytes(jws: string): Uint8Array {
  const [, payload, , ...rest] = jws.split('.')
  const bytes = rest.length === 0 && payload !== undefined ? base64urlBytes(payload) : undefined
  if (!bytes) {
    throw new Refusal('trust-invalid', 'the document is not a compact JWS of three parts')
  }
  return bytes
}

/**
 * The JSON value of a payload's bytes.
 *
 * @throws Refusal `trust-invalid` for bytes that are not canonical JSON
 */
export function payloadValue(bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes)
  } catch (cause) {
    throw new Refusal('trust-invalid', 'the payload is not canonical JSON', { cause })
  }
}

function headerOf(typ: DocumentType, kid: string): string {
  return encodeBase64url(canonicalBytes({ alg: 'Ed25519', kid, typ }))
}
