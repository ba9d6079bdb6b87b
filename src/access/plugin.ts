/**
 * Who is calling, and may they: a token becomes `request.caller`, and the scopes a route declares
 * in its schema are checked before the body is read.
 */
import fastifyJwt from '@fastify/jwt'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Action } from '../audit/entry.ts'
import { type Caller, type Scope, scopes } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { DatabaseAway, isAway, OutcomeUnknown } from '../database/lost.ts'
import { spendAtOnce } from '../database/spent.ts'
import { type ErrorCode, Refusal } from '../errors.ts'
import { base64urlBytes } from '../protocol/bytes.ts'
import { receiptHash } from '../protocol/messages/receipt.ts'
import type { Services } from '../services.ts'
import { checkProof } from './proof.ts'
import { type Authority, createVerification, credentialsOf, type Verified } from './verification.ts'

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

/** Counts who is turned away at the door. */
export type AccessListener = {
  /** By problem code, or by the error of OAuth that the token endpoint gave. */
  onRefused(reason: ErrorCode | `oauth:${string}`): void
  onIssued(): void
}

type Options = {
  readonly directory: Pick<Services['directory'], 'findClient'>
  readonly database: Database
  readonly authority: Authority
  /** `https://host` under which callers reach the service: proofs name it. */
  readonly publicUrl: () => string
  readonly listener: AccessListener
}

/** A disabled client is shut out on every replica within this time. */
const clientKeptMs = 2_000
const clientsKeptMax = 1_000

/**
 * A client with no other scopes may show its token without a proof: what it sends is sealed and signed, and what it is
 * given is sealed.
 */
const withoutProof: readonly string[] = [
  'referrals:submit',
  'matching:evaluate',
  'messages:write',
] satisfies Scope[]

type Client = NonNullable<Awaited<ReturnType<Services['directory']['findClient']>>>

/** Whether a client with these scopes of the directory must prove that it holds a key (RFC 9449). */
export function mustProve(granted: readonly string[]): boolean {
  return !granted.every((scope) => withoutProof.includes(scope))
}

export const access = fp<Options>(async (app, options) => {
  const { directory, authority, listener } = options
  const verification = createVerification(authority)
  await app.register(fastifyJwt, verification.options)
  const clients = new Map<string, { client: Promise<Client | undefined>; until: number }>()

  app.decorateRequest('caller')

  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const security = schema?.security
    // `[]` is open to all on purpose; a requirement without a scope would be so by oversight.
    const isOversight = ({ bearer = [], receipt }: Requirement) => !receipt && bearer.length === 0
    if (!security || security.some(isOversight)) {
      throw new Error(`${String(method)} ${url} declares no scope`)
    }
    if (security.length > 0 && !config?.action) {
      throw new Error(`${String(method)} ${url} declares no action for the access log`)
    }
  })

  app.addHook('onRequest', async (request) => {
    request.caller = { kind: 'anonymous', request: request.id }
    const alternatives = requiredScopes(request)
    try {
      if (needsReceipt(request)) {
        const receipt = shownReceipt(request.headers.authorization)
        request.caller = { kind: 'bearer', request: request.id, receipt }
      }
      if (alternatives.length > 0) await admit(request, alternatives)
    } catch (error) {
      if (error instanceof Refusal) listener.onRefused(error.code)
      throw error
    }
  })

  async function admit(
    request: FastifyRequest,
    alternatives: readonly (readonly Scope[])[],
  ): Promise<void> {
    const verified = await verify(request)
    const client = await clientOf(verified.clientId, request.id)
    if (!client) throw new Refusal('unauthenticated', 'the token names no client of this service')
    await requireProof(request, verified, client, options)
    // Only now is it known who calls: a token without its key is anybody's.
    const caller = callerOf(client, verified, request.id)
    request.caller = caller
    if (client.disabled) throw new Refusal('caller-disabled', 'this client is disabled')
    const missing = alternatives.map((all) => all.filter((scope) => !caller.scopes.has(scope)))
    if (!missing.some((lacking) => lacking.length === 0)) {
      const words = missing.map((lacking) => lacking.join(' ')).join(', or ')
      throw new Refusal('insufficient-scope', `this needs the scope ${words}`)
    }
  }

  async function verify(request: FastifyRequest): Promise<Verified> {
    if (!credentialsOf(request)) throw new Refusal('unauthenticated', 'no access token was sent')
    try {
      const verified = verification.read(await request.jwtVerify())
      // A trial has no proxy in front: what one passed on did not come from the loopback address.
      if (!verified.isTrial || !isPassedOn(request)) return verified
    } catch (cause) {
      if (cause instanceof Refusal || isAway(cause)) throw cause
      const expired = (cause as { code?: string }).code === 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED'
      const detail = expired ? 'the access token has expired' : 'no valid access token was sent'
      throw new Refusal('unauthenticated', detail, { cause })
    }
    throw new Refusal('unauthenticated', 'a token made by hand counts on the loopback address only')
  }

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

type Requirement = Readonly<Record<string, readonly string[]>>

/** Whether the route of `request` is for whoever holds a receipt. */
function needsReceipt({ routeOptions }: FastifyRequest): boolean {
  return routeOptions?.schema?.security?.some(({ receipt }) => receipt !== undefined) ?? false
}

/** The hash that a receipt is known by. What is shown is never compared, but its hash is looked up. */
function shownReceipt(authorization = ''): Uint8Array {
  const [, text = ''] = /^receipt +([A-Za-z0-9_-]{43})$/i.exec(authorization) ?? []
  const accessTag = base64urlBytes(text)
  if (accessTag?.length !== 32) throw new Refusal('receipt-required', 'no receipt was shown')
  return receiptHash(accessTag)
}

/**
 * The scopes that the route of `request` declares, all of one alternative; none for an open route, and for a path that no
 * route matches.
 */
export function requiredScopes(request: FastifyRequest): readonly (readonly Scope[])[] {
  const security = request.routeOptions?.schema?.security ?? []
  return security.flatMap(({ bearer }) => (bearer ? [bearer as readonly Scope[]] : []))
}

/** Whether a client must use DPoP is the directory's word; a token that is bound is shown with its key always. */
async function requireProof(
  request: FastifyRequest,
  { thumbprint, isTrial }: Verified,
  client: Client,
  { database, publicUrl }: Options,
): Promise<void> {
  const { isProven = false, token = '' } = credentialsOf(request) ?? {}
  if (thumbprint === undefined) {
    if (isProven) throw new Refusal('unauthenticated', 'the access token is not bound to a key')
    if (isTrial || !mustProve(client.scopes)) return
    throw new Refusal('dpop-required', 'this client must use tokens that are bound to a key')
  }
  if (!isProven) throw new Refusal('dpop-required', 'the access token is bound to a key')
  const { headers, method } = request
  // A request may name its target with scheme and host (RFC 9112, section 3.2.2), which count no more than `Host`.
  const target = request.url.replace(/^https?:\/\/[^/]*/, '')
  const { id, until, signature } = await checkProof({
    ...{ method, token, thumbprint, url: publicUrl() + target },
    proof: typeof headers.dpop === 'string' ? headers.dpop : undefined,
  })
  // Committed before anything is served: on a replica that sees the same proof next it is spent.
  const [isFirst] = await Promise.all([spent(database, id, until), signature])
  if (!isFirst) {
    throw new Refusal('dpop-proof-invalid', 'the DPoP proof was used before')
  }
}

async function spent(database: Database, id: string, until: Date): Promise<boolean> {
  try {
    return await spendAtOnce(database, 'proof', id, until)
  } catch (cause) {
    // Whether the proof is spent is not known; that nothing else was done, is.
    if (!(cause instanceof OutcomeUnknown)) throw cause
    throw new DatabaseAway('whether a proof is spent is not known', { cause })
  }
}

function isPassedOn({ headers }: FastifyRequest): boolean {
  return ['forwarded', 'x-forwarded-for', 'via'].some((name) => headers[name] !== undefined)
}

function callerOf(client: Client, { scopes: said, person }: Verified, request: string) {
  const isGranted = (scope: string): scope is Scope =>
    scope in scopes && (said === undefined || said.has(scope))
  return {
    kind: client.kind,
    request,
    clientId: client.id,
    organisationId: client.organisationId,
    labels: { client: client.label, organisation: client.organisationLabel },
    scopes: new Set(client.scopes.filter(isGranted)),
    kids: new Set(client.kids),
    ...(person !== undefined && { person }),
  }
}
