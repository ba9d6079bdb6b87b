/**
 * `oidc-provider` as the authorization server of this deployment: one grant, `client_credentials` (RFC 6749,
 * section 4.4), one way to sign in, `private_key_jwt` (RFC 7523), and JWT access tokens (RFC 9068), bound to a
 * key (RFC 9449) for whoever must prove one. Loaded where somebody signs in: it takes some 35 MB.
 */
import type {
  AdapterPayload,
  ClientMetadata,
  Configuration,
  KoaContextWithOIDC,
} from 'oidc-provider'
import { type Scope, scopes } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { type SpentKind, spend } from '../database/spent.ts'
import { newId } from '../protocol/uuid.ts'
import type { Services } from '../services.ts'
import { uuid } from './issuers.ts'
import { mustProve } from './plugin.ts'
import { proofAlgorithms } from './proof.ts'
import { personForm } from './token.ts'
import type { TokenKey } from './tokenkeys.ts'
import { tokenSeconds } from './verification.ts'

/** A client assertion lives no longer (RFC 7523 leaves it open); it counts once, and is made for one use. */
const assertionSecondsMax = 60
/** How far a client's clock may be from ours. */
const skewSeconds = 30
const idCharactersMax = 256

export type ProviderOptions = {
  readonly database: Database
  readonly directory: Pick<Services['directory'], 'findSignIn'>
  readonly issuer: string
  readonly audience: string
  readonly keys: readonly TokenKey[]
}

/** A provider that signs with the first of `keys`. Another one is made when they change. */
export async function createProvider(options: ProviderOptions) {
  const { Provider, errors } = await import('oidc-provider')
  const { decodeJwt } = await import('jose')
  const { issuer, audience, keys } = options
  const [signing] = keys
  const configuration: Configuration = {
    adapter: adapterOf(
      options,
      () => Provider.ctx,
      (kind) =>
        kind === 'assertion'
          ? new errors.InvalidClientAuth('the id was used before')
          : new errors.InvalidDpopProof('the id was used before'),
    ),
    jwks: {
      keys: keys.map(({ kid, jwk }) => ({ ...jwk, kid, alg: 'ES256', use: 'sig' })),
    } as never,
    scopes: Object.keys(scopes),
    responseTypes: [],
    clientAuthMethods: ['private_key_jwt'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: {
      clientAuthSigningAlgValues: proofAlgorithms as never,
      dPoPSigningAlgValues: proofAlgorithms as never,
      idTokenSigningAlgValues: ['ES256'],
    },
    clockTolerance: skewSeconds,
    assertJwtClientAuthClaimsAndHeader: async (_, claims) => requireModest(claims, issuer, errors),
    extraClientMetadata: { properties: ['kind'] },
    ttl: { ClientCredentials: tokenSeconds },
    formats: {
      customizers: {
        jwt: async (ctx, _token, jwt) => {
          const { payload } = jwt as { payload: Record<string, unknown> }
          // Who asks for no scope is given all that it is granted (RFC 6749, section 3.3); who asks for
          // what it is not granted would get a token that is good for nothing.
          const asked = ctx.oidc.params?.scope as string | undefined
          if (asked === undefined) payload.scope = ctx.oidc.client?.scope
          else if (!payload.scope) throw new errors.InvalidScope('no such scope is granted', asked)
          const { act } = decodeJwt(String(ctx.oidc.params?.client_assertion))
          if (act !== undefined) payload.act = personIn(act, ctx.oidc.client?.kind, errors)
        },
      },
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource, client) => {
          if (resource !== audience)
            throw new errors.InvalidTarget('this server knows no other API')
          return {
            ...{ scope: client.scope ?? '', audience },
            ...{ accessTokenTTL: tokenSeconds, accessTokenFormat: 'jwt' },
            jwt: { sign: { alg: 'ES256', ...(signing && { kid: signing.kid }) } },
          }
        },
      },
    },
  }
  const provider = new Provider(issuer, configuration)
  // By the headers that authorization.ts sets; what a caller wrote into them is gone by then.
  provider.proxy = true
  return provider
}

/** RFC 7523, section 3, as far as the library leaves it open: one audience, a short life, texts as ids. */
function requireModest(
  { aud, exp, iat, jti }: Record<string, unknown>,
  issuer: string,
  { InvalidClientAuth }: typeof import('oidc-provider').errors,
): void {
  const now = Date.now() / 1000
  if (aud !== issuer) throw new InvalidClientAuth('aud must be the issuer, as one text')
  if (!Number.isSafeInteger(exp) || Number(exp) > now + assertionSecondsMax + skewSeconds) {
    throw new InvalidClientAuth('the assertion lives too long')
  }
  if (iat !== undefined) {
    const age = Number(exp) - Number(iat)
    if (!Number.isSafeInteger(iat) || age > assertionSecondsMax) {
      throw new InvalidClientAuth('the assertion lives too long')
    }
    if (Number(iat) > now + skewSeconds)
      throw new InvalidClientAuth('the assertion is of a time to come')
  }
  if (typeof jti !== 'string' || jti.length > idCharactersMax) {
    throw new InvalidClientAuth('jti must be a text')
  }
}

/** An app of ours names the person it acts for where it signs; a partner speaks for itself. */
function personIn(
  act: unknown,
  kind: unknown,
  { InvalidRequest }: typeof import('oidc-provider').errors,
): { readonly sub: string } {
  const { sub, ...more } = Object(act) as Record<string, unknown>
  const isPerson = typeof sub === 'string' && personForm.test(sub) && Object.keys(more).length === 0
  if (isPerson && kind !== 'partner') return { sub }
  throw new InvalidRequest('act must be { sub }, an opaque id, and of an app of this service')
}

/** Nothing is stored but what counts once: clients are rows of the directory, and tokens are JWTs. */
function adapterOf(
  { database, directory }: ProviderOptions,
  context: () => object | undefined,
  replayed: (kind: SpentKind) => Error,
) {
  // The library tells not what an id is of; it spends a request's assertion first, then its proof.
  const signedIn = new WeakSet<object>()
  const caller = () => ({ kind: 'system', request: newId() }) as const
  return class {
    readonly #model: string
    constructor(model: string) {
      this.#model = model
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      if (this.#model !== 'Client' || !uuid.test(id)) return undefined
      const found = await directory.findSignIn(caller(), id)
      return found && found.keys.length > 0 ? metadataOf(id, found) : undefined
    }

    /** Of two uses at once on two replicas both find nothing, and one can store. */
    async upsert(id: string, _payload: unknown, expiresIn: number): Promise<void> {
      if (this.#model !== 'ReplayDetection') throw new Error(`a ${this.#model} is not stored`)
      const until = new Date(Date.now() + (expiresIn + skewSeconds) * 1000)
      const request = context() ?? {}
      const kind = signedIn.has(request) ? 'token proof' : 'assertion'
      signedIn.add(request)
      const isFirst = await database.inTransaction(caller(), (tx) => {
        return spend(tx, kind, id, until)
      })
      if (!isFirst) throw replayed(kind)
    }

    async findByUserCode() {
      return undefined
    }
    async findByUid() {
      return undefined
    }
    async consume() {}
    async destroy() {}
    async revokeByGrantId() {}
  }
}

type SignIn = NonNullable<Awaited<ReturnType<Services['directory']['findSignIn']>>>

function metadataOf(id: string, { kind, scopes: granted, keys }: SignIn): AdapterPayload {
  const isKnown = (scope: Scope) => scope in scopes
  return {
    kind,
    client_id: id,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: keys.map(({ kid, jwk }) => ({ ...jwk, kid, use: 'sig' })) },
    scope: granted.filter(isKnown).join(' '),
    dpop_bound_access_tokens: mustProve(granted),
  } satisfies Partial<ClientMetadata> as AdapterPayload
}

/** What a middleware of the provider sees. */
export type Context = KoaContextWithOIDC
