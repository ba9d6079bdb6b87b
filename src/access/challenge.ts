/**
 * `WWW-Authenticate`: what a refused request lacks (RFC 6750 section 3, RFC 9449 section 7.1).
 */
import type { FastifyRequest } from 'fastify'
import type { ErrorCode } from '../errors.ts'
import { requiredScopes } from './plugin.ts'
import { proofAlgorithms } from './proof.ts'

/** The value for a refusal; `undefined` for one that is not about who calls. */
export function challengeOf(code: ErrorCode, request: FastifyRequest): string | undefined {
  const [, sent = ''] = /^(bearer|dpop) +\S/i.exec(request.headers.authorization ?? '') ?? []
  const isProven = sent.toLowerCase() === 'dpop'
  switch (code) {
    case 'receipt-required':
      return `Receipt ${realm}`
    case 'unauthenticated':
      // Without a token nothing was wrong with one.
      if (sent === '') return `${bearer()}, ${dpop()}`
      return isProven ? dpop('invalid_token') : `${bearer('invalid_token')}, ${dpop()}`
    case 'dpop-required':
      return dpop('invalid_token')
    case 'dpop-proof-invalid':
      return dpop('invalid_dpop_proof')
    case 'insufficient-scope':
    case 'caller-disabled':
    case 'recipient-not-yours': {
      // Any one would do; the first is what most clients of the route have.
      const [scopes = []] = requiredScopes(request)
      const scope = `, scope="${scopes.join(' ')}"`
      return isProven ? dpop('insufficient_scope', scope) : bearer('insufficient_scope') + scope
    }
    default:
      return undefined
  }
}

const realm = 'realm="referral-intake"'

function bearer(error?: string): string {
  return `Bearer ${realm}${error ? `, error="${error}"` : ''}`
}

function dpop(error?: string, scope = ''): string {
  const algs = `algs="${proofAlgorithms.join(' ')}"`
  return `DPoP ${realm}${error ? `, error="${error}"` : ''}${scope}, ${algs}`
}
