/** Public keys that clients sign in with, as JSON Web Keys (RFC 7517), known by their thumbprints. */
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from './bytes.ts'
import { canonicalBytes } from './canonical.ts'
import { sha256 } from './sodium.ts'

/** A public key with nothing beside it: neither what it is called nor what it is for. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }

export type SignInAlgorithm = 'ES256' | 'Ed25519'

/**
 * Reads a public key; what else stands in it, such as `kid` or `use`, counts for nothing.
 *
 * @throws Refusal `malformed-request` for a private key, and for any other kind of key
 */
export function readPublicJwk(value: unknown): PublicJwk {
  const { kty, crv, x, y, d } = (value ?? {}) as Record<string, unknown>
  if (d !== undefined) {
    throw new Refusal('malformed-request', 'the key is a private one: send its public half only')
  }
  if (kty === 'EC' && crv === 'P-256') return { kty, crv, x: coordinate(x), y: coordinate(y) }
  if (kty === 'OKP' && crv === 'Ed25519') return { kty, crv, x: coordinate(x) }
  throw new Refusal('malformed-request', 'the key is no JWK of P-256 or Ed25519')
}

/** What signatures of the key are called; of Ed25519 both `EdDSA` and `Ed25519` are accepted. */
export function algorithmOf({ kty }: PublicJwk): SignInAlgorithm {
  return kty === 'EC' ? 'ES256' : 'Ed25519'
}

/** The thumbprint of RFC 7638: SHA-256 of the members that make the key, in base64url. */
export function thumbprintOf(jwk: PublicJwk): string {
  return encodeBase64url(sha256(canonicalBytes(jwk)))
}

function coordinate(value: unknown): string {
  return encodeBase64url(decodeBase64url(typeof value === 'string' ? value : '', 32))
}
