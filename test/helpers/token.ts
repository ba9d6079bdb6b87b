/** Access tokens as a forger or a careless issuer would make them: every part by hand. */
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { newId } from '../../src/protocol/uuid.ts'

/** Under which the keys of access tokens are sealed, on all replicas of a test. */
export const sealKey = new Uint8Array(32).fill(7)

export type Parts = {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  /** Claims to leave out. */
  without?: readonly string[]
  signed?: (signingInput: string) => string
}

/** A forge for one deployment. Without changes its tokens are valid. */
export function tokenForge(pem: string, origin: string) {
  const key = createPrivateKey(pem)
  const publicPem = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString()
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  return {
    token(clientId: string, { header, claims, without = [], signed }: Parts = {}): string {
      const now = Math.floor(Date.now() / 1000)
      const all: Record<string, unknown> = {
        ...{ iss: `https://${origin}`, aud: `https://${origin}` },
        ...{ sub: clientId, client_id: clientId, jti: newId(), iat: now, exp: now + 300 },
        ...claims,
      }
      for (const claim of without) delete all[claim]
      const input = `${encoded({ alg: 'EdDSA', typ: 'at+jwt', ...header })}.${encoded(all)}`
      const signature = signed?.(input) ?? sign(null, Buffer.from(input), key).toString('base64url')
      return `${input}.${signature}`
    },
    /** RFC 8725 section 2.1: the public key taken for a shared secret. */
    hmacWithPublicKey: (input: string) =>
      createHmac('sha256', publicPem).update(input).digest('base64url'),
  }
}
