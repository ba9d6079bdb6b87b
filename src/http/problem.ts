/**
 * The error edge: everything that is thrown leaves here as application/problem+json (RFC 9457
 * section 3), and is first written to the access log. Expected refusals say what was wrong, where,
 * and what to do; anything else is a bug, logged by allow-list and answered as a bare 500.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { challengeOf } from '../access/challenge.ts'
import type { Refused } from '../audit/sums.ts'
import { isAway, isPassing, OutcomeUnknown } from '../database/lost.ts'
import { type ErrorCode, Refusal } from '../errors.ts'
import type { Services } from '../services.ts'
import { problems } from './problems.ts'

/** Where what was refused is recorded. */
type Audit = Pick<Services['audit'], 'recordRefusal'>

type Fault = { readonly pointer: string; readonly detail: string }
type Understood = { readonly refusal: Refusal; readonly errors?: readonly Fault[] }

const noRoute = 'no route matches this method and path'

/** Renders every error of `app`, each after its entry in the log is committed. */
export function renderProblems(app: FastifyInstance, audit: Audit): void {
  // Fastify would read plain text as well, and the schema then refuse it as a malformed envelope.
  app.removeContentTypeParser('text/plain')

  app.setNotFoundHandler(() => {
    throw new Refusal('not-found', noRoute)
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
  tell(request, error, understood)
  try {
    await audit.recordRefusal(request.caller, refusedBy(request, understood?.refusal.code))
  } catch (cause) {
    // What cannot be logged is not answered either, beyond that it was not done, or may have been.
    if (isAway(cause)) {
      return render(
        reply,
        request,
        isUnknown(understood) ? understood : { refusal: notReady(cause) },
      )
    }
    request.log.error({ err: cause }, 'a refusal could not be recorded')
    return bare(reply, 503, 'Service unavailable')
  }
  return understood ? render(reply, request, understood) : bare(reply, 500, 'Internal error')
}

/** One line for what somebody should look into; an outage of the database has its own. */
function tell({ log }: FastifyRequest, error: unknown, understood: Understood | undefined): void {
  if (!understood) log.error({ err: error }, 'unforeseen error')
  else if (understood.refusal.code === 'request-incomplete') log.info('a request broke off')
  else if (isPassing(error) && !isAway(error)) {
    log.warn({ err: error }, 'the database was held up by others')
  }
}

function isUnknown(understood: Understood | undefined): understood is Understood {
  return understood?.refusal.code === 'outcome-unknown'
}

/**
 * For Fastify's `clientErrorHandler`: what Node's parser refuses, before there is a request. Nobody is
 * known yet, and nothing of it is recorded.
 */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const code = parserRefusals[error.code ?? ''] ?? 'malformed-request'
  const { status } = problems[code]
  const body = JSON.stringify(documentOf(new Refusal(code, parserDetails[code])))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
      'Cache-Control: no-store\r\nContent-Type: application/problem+json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

type ParserRefusal = 'malformed-request' | 'headers-too-large' | 'request-incomplete'

/** By Node's code; any other is of what is no HTTP. */
const parserRefusals: Readonly<Record<string, ParserRefusal>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-incomplete',
  HPE_INVALID_EOF_STATE: 'request-incomplete',
}
const parserDetails: Readonly<Record<ParserRefusal, string>> = {
  'malformed-request': 'this is not a well-formed HTTP request',
  'headers-too-large': 'the headers are over 16,384 bytes',
  'request-incomplete': 'the request did not arrive in time, or broke off',
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
  const { status } = problems[refusal.code]
  const challenge = challengeOf(refusal.code, request)
  if (challenge) reply.header('www-authenticate', challenge)
  const { retryAfterSeconds } = refusal
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send({
      ...documentOf(refusal),
      instance: `urn:uuid:${request.id}`,
      ...(errors && { errors }),
    })
}

function documentOf(refusal: Refusal) {
  const { status, title, retry, next } = problems[refusal.code]
  return {
    type: `/problems/${refusal.code}`,
    title,
    status,
    detail: refusal.message,
    code: refusal.code,
    // What is refused is refused whole; only of a commit without an answer nobody knows.
    ...(refusal.code !== 'outcome-unknown' && { stored: false }),
    retry,
    next,
  }
}

function bare(reply: FastifyReply, status: number, title: string) {
  const problem = { type: 'about:blank', title, status }
  return reply.code(status).type('application/problem+json').send(problem)
}

/** What Fastify refuses on its own, by its error code: a status alone would not tell which. */
const fastifyRefusals: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_NOT_FOUND: ['not-found', noRoute],
  // Only of a method with a body of its own, QUERY, for which there is no route.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: ['not-found', noRoute],
  FST_ERR_ROUTE_MISSING_CONTENT: ['not-found', noRoute],
  FST_ERR_MAX_PARAM_LENGTH: ['not-found', noRoute],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-json', 'the body is not well-formed JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-json', 'the body is empty'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'malformed-request',
    'the body is not as long as Content-Length says',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'the body is not application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'the body is over 524,288 bytes'],
  FST_ERR_BAD_URL: ['malformed-request', 'the path is not a well-formed URL'],
}

function notReady(cause: unknown): Refusal {
  const detail = isAway(cause) ? 'the database does not answer' : 'the database was held up'
  return new Refusal('not-ready', detail, { cause })
}

function understand(error: FastifyError): Understood | undefined {
  if (error instanceof Refusal) return { refusal: error }
  // Anything can be thrown, also nothing.
  if (!(error instanceof Error)) return undefined
  if (error.code === 'FST_ERR_VALIDATION') return validationRefusal(error)
  if (error instanceof OutcomeUnknown) {
    const detail = 'the database did not say whether it stands'
    return { refusal: new Refusal('outcome-unknown', detail, { cause: error }) }
  }
  if (isBrokenOff(error)) {
    const detail = 'the body broke off'
    return { refusal: new Refusal('request-incomplete', detail, { cause: error }) }
  }
  if (isPassing(error)) return { refusal: notReady(error) }
  const known = fastifyRefusals[error.code] ?? otherRefusal(error)
  return known && { refusal: new Refusal(...known, { cause: error }) }
}

/** Node says so of a request whose sender hung up; unlike a socket of ours it names no system call. */
function isBrokenOff({ code, ...rest }: FastifyError): boolean {
  return code === 'ECONNRESET' && !('syscall' in rest)
}

/** A code that this version of Fastify has not: what it blames the caller for is no bug of ours. */
function otherRefusal({ code, statusCode = 500 }: FastifyError) {
  if (!/^FST_/.test(String(code)) || statusCode < 400 || statusCode >= 500) return undefined
  return ['malformed-request', 'this request cannot be read'] as const
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
