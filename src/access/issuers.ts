/**
 * Outside issuers of access tokens, from the file that TRUSTED_ISSUERS names: each caller that one of them
 * may speak for stands there with the one client of our directory that it is. What an issuer says of scopes
 * can only narrow what the directory grants.
 */
import { Refusal } from '../errors.ts'
import { isSafeAddress } from '../protocol/address.ts'

/** A caller of an outside issuer, by `sub`, or by `client_id` where the token is the client's own. */
export type OutsideCaller = {
  readonly sub?: string
  readonly client_id?: string
  /** The client of our directory. */
  readonly client: string
}

export type TrustedIssuer = {
  /** Its `iss`, letter by letter. */
  readonly issuer: string
  /** The address of its keys. */
  readonly jwks: string
  /** What its tokens have as `aud`. */
  readonly audience: string
  readonly callers: readonly OutsideCaller[]
}

/** How often an issuer is asked for its keys anew: once in this time, whatever keys tokens name. */
const askAgainMs = 30_000
const answerMsMax = 5_000

/** Reads the file. @throws Error that says what is wrong, without quoting it */
export function readIssuers(text: string): readonly TrustedIssuer[] {
  const issuers: unknown = JSON.parse(text)
  if (!Array.isArray(issuers) || !issuers.every(isIssuer)) {
    throw new Error('it is not a list of { issuer, jwks, audience, callers }')
  }
  const names = issuers.map(({ issuer }) => issuer)
  if (new Set(names).size < names.length) throw new Error('it names an issuer twice')
  return issuers
}

function isIssuer(value: unknown): value is TrustedIssuer {
  const { issuer, jwks, audience, callers } = (value ?? {}) as Record<string, unknown>
  if (typeof issuer !== 'string' || typeof audience !== 'string') return false
  if (![issuer, jwks].every(isSafePlace) || audience === '') return false
  return Array.isArray(callers) && callers.every(isCaller)
}

/** Whoever can change the keys on their way is every caller of that issuer. */
function isSafePlace(value: unknown): boolean {
  // The keys of some lie behind a query.
  return typeof value === 'string' && isSafeAddress(value.replace(/\?[^#]*$/, ''))
}

function isCaller(value: unknown): value is OutsideCaller {
  const { sub, client_id: client, ...rest } = (value ?? {}) as Record<string, unknown>
  const named = [sub, client].filter((name) => typeof name === 'string' && name !== '')
  return named.length === 1 && typeof rest.client === 'string' && uuid.test(rest.client)
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Which caller of ours a token speaks for; `undefined` for none. */
export function outsideCaller(
  { callers }: TrustedIssuer,
  { sub, client_id: clientId }: { readonly sub: string; readonly client_id: string },
): OutsideCaller | undefined {
  // By `client_id` only where no person stands behind the token: a person who uses that client is not it.
  const isOwn = (caller: OutsideCaller) => caller.client_id === clientId && sub === clientId
  return callers.find((caller) => caller.sub === sub || isOwn(caller))
}

/** The keys of outside issuers, as they publish them. */
export function createIssuerKeys() {
  type KeySet = ReturnType<typeof import('jose').createRemoteJWKSet>
  const sets = new Map<string, KeySet>()

  return {
    /** The public key in PEM that a token's header names. @throws Refusal `unauthenticated` */
    async publicPemOf({ jwks }: TrustedIssuer, header: { alg: string; kid?: unknown }) {
      if (typeof header.kid !== 'string') {
        throw new Refusal('unauthenticated', 'the token names no key of its issuer')
      }
      const { createRemoteJWKSet, exportSPKI } = await import('jose')
      const set = sets.get(jwks) ?? createRemoteJWKSet(new URL(jwks), options)
      sets.set(jwks, set)
      try {
        const key = await set({ alg: header.alg, kid: header.kid })
        return await exportSPKI(key as Parameters<typeof exportSPKI>[0])
      } catch (cause) {
        const detail = 'the issuer of the token does not answer, or has no such key'
        throw new Refusal('unauthenticated', detail, { cause })
      }
    },
  }
}

const options = { cooldownDuration: askAgainMs, timeoutDuration: answerMsMax }
