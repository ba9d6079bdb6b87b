/**
 * The authorization server of this deployment, mounted below `/oauth`: its token endpoint, its keys, and the
 * document that says where they are (RFC 8414). Only the token endpoint is `oidc-provider`'s, which is loaded
 * when somebody first signs in; it sees the path and the host that our configuration says, and no other.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { scopes } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { isAway } from '../database/lost.ts'
import type { Services } from '../services.ts'
import type { AccessListener } from './plugin.ts'
import { proofAlgorithms } from './proof.ts'
import type { Context } from './provider.ts'
import type { TokenKeys } from './tokenkeys.ts'

export const mount = '/oauth'

type Options = {
  readonly database: Database
  readonly directory: Pick<Services['directory'], 'findSignIn'>
  readonly tokenKeys: TokenKeys
  readonly audience: string
  readonly publicUrl: () => string
  readonly listener: AccessListener
}

type Handle = ReturnType<import('oidc-provider').default['callback']>

export async function authorization(app: FastifyInstance, options: Options): Promise<void> {
  const { tokenKeys, publicUrl } = options
  const endpoint = createEndpoint(options, app)

  // The body is read by who reads it: a parser of ours would leave nothing of it.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))

  app.route({
    method: 'POST',
    url: `${mount}/token`,
    schema: {
      operationId: 'issueToken',
      summary: 'Sign in: an access token for a client assertion (RFC 6749, RFC 7523, RFC 9449)',
      description:
        'The body is a form: `grant_type=client_credentials`, `client_assertion_type` and `client_assertion`. ' +
        'A refusal is an OAuth error: `error` and `error_description`.',
      security: [],
    },
    handler: async (request, reply) => {
      await handOver(await endpoint(), request, reply, publicUrl())
    },
  })

  app.route({
    method: 'GET',
    url: `${mount}/jwks`,
    schema: {
      operationId: 'readTokenKeys',
      summary: 'The public keys of access tokens (RFC 7517)',
      security: [],
    },
    handler: async () => ({
      keys: (await tokenKeys.list()).map(({ kid, jwk: { kty, crv, x, y } }) => {
        return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }
      }),
    }),
  })

  // Under both names: OpenID's puts its word behind the issuer's path, RFC 8414 between host and path.
  for (const [url, operationId] of [
    [`${mount}/.well-known/openid-configuration`, 'readOpenidConfiguration'],
    [`/.well-known/oauth-authorization-server${mount}`, 'readAuthorizationServer'],
  ] as const) {
    app.route({
      method: 'GET',
      url,
      schema: {
        operationId,
        summary: 'Where and how clients sign in (RFC 8414)',
        security: [],
      },
      handler: async () => metadata(publicUrl()),
    })
  }
}

function metadata(publicUrl: string) {
  const issuer = publicUrl + mount
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    scopes_supported: Object.keys(scopes),
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: proofAlgorithms,
    dpop_signing_alg_values_supported: proofAlgorithms,
  }
}

/** The provider that signs with today's keys. */
function createEndpoint(options: Options, { log }: FastifyInstance) {
  const { tokenKeys, publicUrl, audience, listener } = options
  let made: { readonly kids: string; readonly handle: Promise<Handle> } | undefined

  async function make(keys: Awaited<ReturnType<TokenKeys['list']>>): Promise<Handle> {
    const { createProvider } = await import('./provider.ts')
    const issuer = publicUrl() + mount
    const provider = await createProvider({ ...options, issuer, audience, keys })
    const causes = new WeakMap<Context, unknown>()
    provider.on('server_error', (ctx, error) => causes.set(ctx, error))
    provider.use(async (ctx, next) => {
      await next()
      answer(ctx as Context, causes.get(ctx as Context))
    })
    return provider.callback()
  }

  /** What the library leaves to whoever mounts it: counts, an outage, and a challenge with each 401. */
  function answer(ctx: Context, cause: unknown): void {
    const body = ctx.body as { error?: string } | undefined
    ctx.set('x-content-type-options', 'nosniff')
    if (ctx.status === 200) {
      listener.onIssued()
      return
    }
    if (ctx.status >= 500) {
      if (isAway(cause)) {
        ctx.status = 503
        ctx.body = { error: 'temporarily_unavailable', error_description: 'sign in again later' }
        return
      }
      log.error({ err: cause }, 'unforeseen error')
      return
    }
    listener.onRefused(`oauth:${oauthErrors.find((error) => error === body?.error) ?? 'other'}`)
    // Whatever was wrong with an assertion, it did not sign anybody in (RFC 6749, section 5.2).
    if (ctx.status === 400 && ctx.oidc?.params?.client_assertion && !ctx.oidc.client) {
      ctx.status = 401
      ctx.body = { ...body, error: 'invalid_client' }
    }
    if (ctx.status === 401) {
      ctx.set('www-authenticate', 'Bearer realm="referral-intake", error="invalid_client"')
    }
  }

  return async () => {
    const keys = await tokenKeys.list()
    const kids = keys.map(({ kid }) => kid).join()
    if (made?.kids !== kids) {
      const handle = make(keys)
      made = { kids, handle }
      handle.catch(() => {
        made = undefined
      })
    }
    return made.handle
  }
}

/** The labels that a count may have: what a caller sends makes none. */
const oauthErrors = [
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'invalid_scope', 'invalid_target'],
  ...['invalid_dpop_proof', 'use_dpop_nonce', 'unauthorized_client', 'unsupported_grant_type'],
]

/** The request as the provider is to see it: at our address, whatever `Host` and proxies say. */
async function handOver(
  handle: Handle,
  { raw }: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string,
): Promise<void> {
  const { host, protocol } = new URL(publicUrl)
  // The one way to sign in is the assertion.
  delete raw.headers.authorization
  delete raw.headers.forwarded
  raw.headers.host = host
  raw.headers['x-forwarded-host'] = host
  raw.headers['x-forwarded-proto'] = protocol.slice(0, -1)
  const seen = Object.assign(raw, { originalUrl: `${mount}/token`, url: '/token' })
  reply.hijack()
  await handle(seen, reply.raw)
}
