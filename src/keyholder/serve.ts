/**
 * A keyholder as a process of its own: HTTPS on which both sides show a certificate. A caller without
 * one that the keyholder's own authority signed cannot send a request.
 */
import type { TLSSocket } from 'node:tls'
import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyError, LogController } from 'fastify'
import * as Type from 'typebox'
import { type ErrorCode, Refusal } from '../errors.ts'
import type { Holder } from './keyholder.ts'
import { KeyholderAnswer, KeyholderRefusal, KeyholderRequest } from './schemas.ts'

/** In PEM. */
export type Certificates = {
  readonly key: string
  readonly cert: string
  /** Who may sign the certificates of the other side; nobody else is believed. */
  readonly ca: string
}

export type KeyholderServerOptions = {
  readonly holder: Holder
  readonly certificates: Certificates
  readonly logger: FastifyBaseLogger
}

/** Forty elements are under 2 KiB of JSON. */
const bodyBytesMax = 8 * 1024

/** Longer than the time between two referrals on a busy day, so that handshakes are rare. */
const keepAliveMs = 72_000

/** How often a drain looks for connections that have become idle. */
const sweepEveryMs = 50

/** The server of `holder`; it listens when it is told to. */
export async function createHolderServer({ holder, certificates, logger }: KeyholderServerOptions) {
  const app = Fastify({
    https: {
      ...certificates,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      handshakeTimeout: 10_000,
    },
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: 10_000,
    connectionTimeout: 90_000,
    keepAliveTimeout: keepAliveMs,
  })
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.server.on('tlsClientError', ({ code }: NodeJS.ErrnoException) => {
    // A health check that probes the port connects and hangs up: nothing was refused.
    const level = code === 'ECONNRESET' ? 'debug' : 'warn'
    logger[level]({ reason: code ?? 'unknown' }, 'a connection was refused')
  })
  // The service keeps its connection, and a drain must not wait for it to let go.
  let sweep: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    sweep = setInterval(() => app.server.closeIdleConnections(), sweepEveryMs)
  })
  app.addHook('onClose', async () => clearInterval(sweep))
  app.setErrorHandler<FastifyError>((error, _, reply) => {
    const { status, code } = faultOf(error)
    if (status === 500) logger.error({ err: error }, 'unforeseen error')
    return reply.code(status).send({ code })
  })
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ code: 'not-found' }))
  await app.register(keyholderRoutes, { holder })
  return app
}

const keyholderRoutes: FastifyPluginAsyncTypebox<{ holder: Holder }> = async (app, { holder }) => {
  const refusals = {
    404: KeyholderRefusal,
    422: KeyholderRefusal,
    429: KeyholderRefusal,
    503: KeyholderRefusal,
  }

  app.route({
    method: 'POST',
    url: '/evaluations',
    schema: { body: KeyholderRequest, response: { 200: KeyholderAnswer, ...refusals } },
    handler: async ({ body, raw }) =>
      holder.evaluate(callerOf(raw.socket as TLSSocket), body.holder, body.elements),
  })

  app.route({
    method: 'GET',
    url: '/healthz',
    schema: { response: { 200: Type.Object({ status: Type.Enum(['ok']) }) } },
    handler: async () => {
      await holder.open()
      return { status: 'ok' as const }
    },
  })
}

/** The name on the caller's certificate, for the log. A stranger chose its text, so only one word of it is used. */
function callerOf(socket: TLSSocket): string {
  const name = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' && /^[\w.-]{1,64}$/.test(name)
    ? name
    : 'a certificate without a plain name'
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  'matching-budget-spent': 429,
  'matching-unavailable': 503,
}

function faultOf(error: FastifyError): { status: number; code: string } {
  if (error instanceof Refusal) return { status: statusOf[error.code] ?? 422, code: error.code }
  const status = error.statusCode ?? 500
  return { status, code: status < 500 ? 'malformed-request' : 'internal-error' }
}
