/**
 * The error edge: everything that is thrown leaves here as application/problem+json (RFC 9457
 * section 3), and is first written to the access log. Expected refusals say what was wrong, where,
 * and what to do; anything else is a bug, logged by allow-list and answered as a bare 500.
 */
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Audit, Refused } from './audit/service.ts'
import { isUnreachable } from './database/lost.ts'
import { type ErrorCode, Refusal } from './errors.ts'
import { problems } from './problems.ts'

type Fault = { readonly pointer: string; readonly detail: string }
type Understood = { readonly refusal: Refusal; readonly errors?: readonly Fault[] }

/** Renders every error of `app`, each after its entry in the log is committed. */
export function renderProblems(app: FastifyInstance, audit: Audit): void {
  // Fastify would read plain text as well, and the schema then refuse it as a malformed envelope.
  app.removeContentTypeParser('text/plain')

  app.setNotFoundHandler(() => {
    throw new Refusal('not-found', 'no route matches this method and path')
  })

  app.setErrorHandler<FastifyError>((error, request, reply) =>
    answerError(audit, error, request, reply),
  )
}

/**
 * For Fastify's option `frameworkErrors`: a path that it cannot route at all. By itself it would
 * answer such a path by quoting it, and tell nobody.
 */
export function renderUnroutable(audit: Audit) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    request.caller = { kind: 'anonymous', request: request.id }
    answerError(audit, error, request, reply).catch((cause: unknown) => {
      request.log.error({ err: cause }, 'unforeseen error')
      reply.raw.destroy()
    })
  }
}

async function answerError(
  audit: Audit,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const understood = understand(error)
  if (!understood) request.log.error({ err: error }, 'unforeseen error')
  try {
    await audit.recordRefusal(request.caller, refusedBy(request, understood?.refusal.code))
  } catch (cause) {
    // What cannot be logged is not answered either, beyond that it was not done.
    request.log.error({ err: cause }, 'a refusal could not be recorded')
    return bare(reply, 503, 'Service unavailable')
  }
  return understood ? render(reply, request, understood) : bare(reply, 500, 'Internal error')
}

/** For Fastify's `clientErrorHandler`: what is no HTTP, or has more headers than a server reads. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW'
  const status = tooLong ? 431 : 400
  const title = tooLong ? 'Request Header Fields Too Large' : 'Bad Request'
  const body = JSON.stringify({ type: 'about:blank', title, status })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nCache-Control: no-store\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
}

function refusedBy(request: FastifyRequest, code: ErrorCode | undefined): Refused {
  const { action = 'request.received' } = request.routeOptions.config
  const object = objectOf(request.params as Params | undefined)
  return {
    action,
    outcome: code ? 'refused' : 'failed',
    reason: code ?? 'internal-error',
    ...(object && { object }),
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type Params = { readonly [Name in 'referralId' | 'claimId' | 'caseId']?: string }

/** Only an id goes into the log, never whatever else stood in its place. */
function objectOf(params: Params | undefined) {
  const { referralId = '', claimId = '', caseId = '' } = params ?? {}
  if (uuid.test(referralId)) return { kind: 'referral', id: referralId.toLowerCase() } as const
  if (uuid.test(claimId)) return { kind: 'item', id: claimId.toLowerCase() } as const
  if (uuid.test(caseId)) return { kind: 'case', id: caseId.toLowerCase() } as const
  return undefined
}

function render(reply: FastifyReply, request: FastifyRequest, { refusal, errors }: Understood) {
  const { status, title, retry, next } = problems[refusal.code]
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  const { retryAfterSeconds } = refusal
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send({
      type: `/problems/${refusal.code}`,
      title,
      status,
      detail: refusal.message,
      instance: `urn:uuid:${request.id}`,
      code: refusal.code,
      stored: false,
      retry,
      next,
      ...(errors && { errors }),
    })
}

function bare(reply: FastifyReply, status: number, title: string) {
  const problem = { type: 'about:blank', title, status }
  return reply.code(status).type('application/problem+json').send(problem)
}

/** What Fastify refuses on its own, by its error code: a status alone would not tell which. */
const fastifyRefusals: Record<string, readonly [ErrorCode, string]> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-json', 'the body is not well-formed JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-json', 'the body is empty'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'malformed-request',
    'the body is not as long as Content-Length says',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'the body is not application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'the body is over 524,288 bytes'],
  FST_ERR_BAD_URL: ['malformed-request', 'the path is not a well-formed URL'],
  FST_ERR_MAX_PARAM_LENGTH: ['not-found', 'no route matches this method and path'],
}

function understand(error: FastifyError): Understood | undefined {
  if (error instanceof Refusal) return { refusal: error }
  // Anything can be thrown, also nothing.
  if (!(error instanceof Error)) return undefined
  if (error.code === 'FST_ERR_VALIDATION') return validationRefusal(error)
  if (isUnreachable(error)) {
    return { refusal: new Refusal('not-ready', 'the database does not answer', { cause: error }) }
  }
  const known = fastifyRefusals[error.code]
  return known && { refusal: new Refusal(...known, { cause: error }) }
}

/** At most so many places are told; the first is mended first anyway. */
const faultsShownMax = 10

function validationRefusal(error: FastifyError): Understood {
  // The library names an unknown property as a place of its own: the name is the sender's words.
  const found = (error.validation ?? []).filter(({ keyword }) => keyword !== 'boolean')
  const part = error.validationContext ?? 'body'
  const unknown = found.some(({ keyword }) => keyword === 'additionalProperties')
  const code = unknown ? 'unknown-property' : 'malformed-request'
  const errors = found.slice(0, faultsShownMax).map(({ instancePath, keyword, message }) => ({
    pointer: instancePath,
    // The library's own words for this one name the property, which somebody may have typed.
    detail: keyword === 'additionalProperties' ? 'has an unknown property' : (message ?? keyword),
  }))
  const place = errors[0]?.pointer ?? ''
  const detail = `the ${part} is not as its schema says${place && ` at ${place}`}`
  return { refusal: new Refusal(code, detail, { cause: error }), errors }
}
