/** A client's key, and what is signed with it: assertions and proofs, with whatever is to be wrong in them. */

import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { newId } from '../../src/protocol/uuid.ts'

type Changes = {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  readonly without?: readonly string[]
}

export type Signer = Awaited<ReturnType<typeof createSigner>>

/** A new key. Without changes all that it signs is valid now. */
export async function createSigner(alg: 'ES256' | 'Ed25519' = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const { alg: _, ...publicJwk } = await exportJWK(publicKey)
  const thumbprint = await calculateJwkThumbprint(publicJwk)

  function signed(
    header: Record<string, unknown>,
    claims: Record<string, unknown>,
    changes: Changes,
  ) {
    const all = { ...claims, ...changes.claims }
    for (const name of changes.without ?? []) delete all[name]
    return new SignJWT(all)
      .setProtectedHeader({ alg, ...header, ...changes.header })
      .sign(privateKey)
  }

  return {
    publicJwk,
    thumbprint,
    privateKey,

    /** RFC 7523, section 3. */
    assertion(clientId: string, issuer: string, changes: Changes = {}) {
      const iat = Math.floor(Date.now() / 1000)
      const claims = { iss: clientId, sub: clientId, aud: issuer, jti: newId(), iat, exp: iat + 60 }
      return signed({ kid: thumbprint }, claims, changes)
    },

    /** RFC 9449, section 4.2. */
    proof(method: string, url: string, token?: string, changes: Changes = {}) {
      const ath = token === undefined ? undefined : hashOf(token)
      const iat = Math.floor(Date.now() / 1000)
      const claims = { jti: newId(), htm: method, htu: url, iat, ...(ath && { ath }) }
      return signed({ typ: 'dpop+jwt', jwk: publicJwk }, claims, changes)
    },

    /** An access token, as an issuer that has this key would sign it (RFC 9068). */
    token(claims: Record<string, unknown>, changes: Changes = {}) {
      const iat = Math.floor(Date.now() / 1000)
      const all = { jti: newId(), iat, exp: iat + 300, ...claims }
      return signed({ typ: 'at+jwt', kid: thumbprint }, all, changes)
    },
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
