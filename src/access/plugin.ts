/**
 * Who is calling, and may they: a token becomes `request.caller`, and the scopes a route declares
 * in its schema are checked before the body is read.
 */
import fastifyJwt from '@fastify/jwt'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Action } from '../audit/entry.ts'
import { type Caller, type Scope, scopes } from '../caller.ts'
import { Refusal } from '../errors.ts'
import type { Services } from '../services.ts'
import { verification } from './token.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a refusal on this route is recorded as; required where a scope is declared. */
    action?: Action
  }
  interface FastifyRequest {
    /** Anonymous until a token says otherwise; on a route with a scope always known. */
    caller: Caller
  }
}

type Options = { directory: Services['directory']; publicKey: string; origin: string }

/** A disabled client is shut out on every replica within this time. */
const clientKeptMs = 2_000
const clientsKeptMax = 1_000

type Client = NonNullable<Awaited<ReturnType<Services['directory']['findClient']>>>

export const access = fp<Options>(async (app, { directory, publicKey, origin }) => {
  await app.register(fastifyJwt, verification(publicKey, origin))
  const clients = new Map<string, { client: Promise<Client | undefined>; until: number }>()

  app.decorateRequest('caller')

  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const security = schema?.security
    // `[]` is open to all on purpose; a requirement without a scope would be so by oversight.
    if (!security || security.some(({ bearer = [] }) => bearer.length === 0)) {
      throw new Error(`${String(method)} ${url} declares no scope`)
    }
    if (security.length > 0 && !config?.action) {
      throw new Error(`${String(method)} ${url} declares no action for the access log`)
    }
  })

  app.addHook('onRequest', async (request) => {
    request.caller = { kind: 'anonymous', request: request.id }
    const required = requiredScopes(request)
    if (required.length === 0) return
    const claims = await verifiedClaims(request)
    const client = await clientOf(claims.client_id, request.id)
    if (!client) throw new Refusal('unauthenticated', 'the token names no client of this service')
    request.caller = callerOf(client, claims, request.id)
    if (client.disabled) throw new Refusal('caller-disabled', 'this client is disabled')
    const missing = required.filter((scope) => !client.scopes.includes(scope))
    if (missing.length > 0) {
      throw new Refusal('insufficient-scope', `this needs the scope ${missing.join(' ')}`)
    }
  })

  function clientOf(id: string, request: string): Promise<Client | undefined> {
    const now = performance.now()
    const kept = clients.get(id)
    if (kept && kept.until > now) return kept.client
    // Nobody is known yet, and nobody unknown may see the clients: the service looks by itself.
    // Kept from now on: a busy client has many requests, and each would ask while the answer is on its way.
    const client = directory.findClient({ kind: 'system', request }, id)
    if (clients.size >= clientsKeptMax) clients.clear()
    clients.set(id, { client, until: now + clientKeptMs })
    client.catch(() => clients.delete(id))
    return client
  }
})

/** The scopes that the route of `request` declares; none for a path that no route matches. */
export function requiredScopes(request: FastifyRequest): readonly Scope[] {
  const security = request.routeOptions?.schema?.security ?? []
  return security.flatMap(({ bearer = [] }) => bearer as readonly Scope[])
}

type Claims = { client_id: string; act?: { sub?: unknown } }

async function verifiedClaims(request: FastifyRequest): Promise<Claims> {
  try {
    const claims = await request.jwtVerify<Claims>()
    if (uuid.test(claims.client_id)) return claims
  } catch (cause) {
    const expired = (cause as { code?: string }).code === 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED'
    const detail = expired ? 'the access token has expired' : 'no valid access token was sent'
    throw new Refusal('unauthenticated', detail, { cause })
  }
  throw new Refusal('unauthenticated', 'the token names no client of this service')
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An opaque id. A token that says more is ours all the same, and names nobody. */
const personForm = /^[A-Za-z0-9_-]{1,64}$/

function callerOf(client: Client, { act }: Claims, request: string): Caller {
  const person = act?.sub
  return {
    kind: client.kind,
    request,
    clientId: client.id,
    organisationId: client.organisationId,
    scopes: new Set(client.scopes.filter((scope): scope is Scope => scope in scopes)),
    kids: new Set(client.kids),
    ...(typeof person === 'string' && personForm.test(person) && { person }),
  }
}
