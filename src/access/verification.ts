/**
 * From an access token to the client of the directory that it names (RFC 9068, section 4). There are three
 * kinds of issuers: our own authorization server, those of TRUSTED_ISSUERS, and, for trials on the loopback
 * address, the administrator's hand. `@fastify/jwt` verifies a token under a key that its issuer has, never
 * under one that the token brings; what it leaves open is checked here.
 */
import { createHash } from 'node:crypto'
import type { FastifyJWTOptions } from '@fastify/jwt'
import type { FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import { createIssuerKeys, outsideCaller, type TrustedIssuer, uuid } from './issuers.ts'
import { personForm, tokenMinutesMax } from './token.ts'
import type { TokenKeys } from './tokenkeys.ts'

/** How long a token of our authorization server lives. */
export const tokenSeconds = 300
/** An outside issuer is not ours to configure; whatever lives longer than this is no access token. */
const outsideSecondsMax = 3_600
/** How far another's clock may be ahead. */
const aheadSecondsMax = 30
const claimCharactersMax = 512
/** Under each key, by their SHA-256. */
const tokensKeptMax = 1_000

export type Authority = {
  /** `https://…` of this deployment's name: the audience of all tokens of ours. */
  readonly audience: string
  /** What our authorization server calls itself. */
  issuer(): string
  readonly tokenKeys?: TokenKeys
  readonly trustedIssuers?: readonly TrustedIssuer[]
  /** PEM. Tokens made by hand count where it is given. */
  readonly trialKey?: string
}

/** What a token says, of which the directory has the last word. */
export type Verified = {
  readonly clientId: string
  /** `undefined`: all that the directory grants. */
  readonly scopes?: ReadonlySet<string>
  /** The thumbprint of the key that it is bound to (RFC 9449, section 6). */
  readonly thumbprint?: string
  /** An opaque id of the person who calls by means of the client. */
  readonly person?: string
  /** Made by hand for a trial: nothing binds it. */
  readonly isTrial: boolean
}

type Header = { readonly alg: string; readonly kid?: unknown }
type Claims = {
  readonly iss: string
  readonly sub: string
  readonly client_id: string
  readonly [claim: string]: unknown
}

export function createVerification(authority: Authority) {
  const { audience, issuer, tokenKeys, trustedIssuers = [], trialKey } = authority
  const issuerKeys = createIssuerKeys()
  const outside = (iss: unknown) => trustedIssuers.find((trusted) => trusted.issuer === iss)

  /** The key is chosen by issuer and name: what a token says of keys beside that counts for nothing. */
  async function keyOf(header: Header, iss: unknown): Promise<string> {
    const trusted = outside(iss)
    if (trusted) return issuerKeys.publicPemOf(trusted, header)
    const isOurs = iss === issuer() && typeof header.kid === 'string' && header.alg === 'ES256'
    const key = isOurs ? await tokenKeys?.publicPemOf(String(header.kid)) : undefined
    if (key !== undefined) return key
    if (trialKey !== undefined && iss === audience && header.alg === 'EdDSA') return trialKey
    throw new Refusal('unauthenticated', 'no issuer of this service has the key of the token')
  }

  return {
    /** What `@fastify/jwt` holds a token to. Without `requiredClaims` it would accept their absence. */
    options: {
      secret: {
        public: async (_: FastifyRequest, token: unknown) => {
          const { header, payload } = token as { header: Header; payload: { iss?: unknown } }
          return keyOf(header, payload?.iss)
        },
        private: '',
      },
      decode: { complete: true },
      verify: {
        algorithms: ['ES256', 'EdDSA'],
        requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub', 'client_id', 'jti'],
        checkTyp: 'at+jwt',
        // A token that is shown again within its time is not verified again, while its issuer has the key: that is asked.
        cache: tokensKeptMax,
        extractToken: (request) => credentialsOf(request as FastifyRequest)?.token,
      },
    } satisfies FastifyJWTOptions,

    /** Of a token whose signature was verified. @throws Refusal `unauthenticated` */
    read(claims: unknown): Verified {
      requireForms(claims)
      const { iss } = claims
      const trusted = outside(iss)
      const isTrial = !trusted && iss === audience
      const secondsMax = trusted ? outsideSecondsMax : isTrial ? tokenMinutesMax * 60 : tokenSeconds
      requireTimes(claims, secondsMax)
      if (claims.aud !== (trusted?.audience ?? audience)) throw invalid('is for another service')
      const caller = trusted && outsideCaller(trusted, claims)
      if (trusted && !caller) throw invalid('names nobody whom this service knows')
      const clientId = caller?.client ?? claims.client_id
      if (!uuid.test(clientId)) throw invalid('names no client of this service')
      return {
        clientId,
        isTrial,
        ...scopesOf(claims, isTrial),
        ...boundTo(claims),
        ...personOf(claims, trusted),
      }
    },
  }
}

/** The scheme and the token of a request; `undefined` for any other credentials, and for none. */
export function credentialsOf({ headers }: FastifyRequest) {
  const [, scheme = '', token = ''] =
    /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? '') ?? []
  if (token === '') return undefined
  return { isProven: scheme.toLowerCase() === 'dpop', token }
}

function requireForms(claims: unknown): asserts claims is Claims {
  const all = claims as Record<string, unknown>
  for (const name of ['iss', 'sub', 'client_id', 'jti']) {
    const value = all[name]
    if (typeof value !== 'string' || value === '' || value.length > claimCharactersMax) {
      throw invalid(`has a ${name} that is not a text`)
    }
  }
}

/** Its end was compared with the clock by the library, which does not ask how far away it is. */
function requireTimes({ iat, exp, nbf }: Claims, secondsMax: number): void {
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) {
    throw invalid('has times that are not whole seconds')
  }
  const [from, to] = [Number(iat), Number(exp)]
  if (to <= from || to - from > secondsMax) throw invalid(`is for longer than ${secondsMax} s`)
  const latest = Date.now() / 1000 + aheadSecondsMax
  if (from > latest) throw invalid('is of a time to come')
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= latest)) {
    throw invalid('does not count yet')
  }
}

/** RFC 9068, section 2.2.3. Our own server states scopes always; a token made by hand never does. */
function scopesOf({ scope }: Claims, isTrial: boolean): Pick<Verified, 'scopes'> {
  if (isTrial) return {}
  return { scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []) }
}

function boundTo({ cnf }: Claims): Pick<Verified, 'thumbprint'> {
  if (cnf === undefined) return {}
  const { jkt } = (cnf ?? {}) as { jkt?: unknown }
  // Bound by a means that is not ours, such as a certificate: nobody could show it here.
  if (typeof jkt !== 'string') throw invalid('is bound to a key by a means that is not known here')
  return { thumbprint: jkt }
}

/** An opaque id. A token that says more counts all the same, and names nobody. */
function personOf(claims: Claims, trusted: TrustedIssuer | undefined): Pick<Verified, 'person'> {
  if (trusted) {
    if (claims.sub === claims.client_id) return {}
    const text = JSON.stringify([trusted.issuer, claims.sub])
    return { person: createHash('sha256').update(text).digest('base64url').slice(0, 22) }
  }
  const person = (claims.act as { sub?: unknown } | undefined)?.sub
  return typeof person === 'string' && personForm.test(person) ? { person } : {}
}

function invalid(words: string): Refusal {
  return new Refusal('unauthenticated', `the access token ${words}`)
}
