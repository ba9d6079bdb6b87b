/**
 * How the SDK speaks HTTP. Every request ends in time, and is sent again only where sending it twice
 * does no more than sending it once. Runs wherever there is `fetch`.
 */
import { Refusal } from '../errors.ts'
import { ready } from '../protocol/sodium.ts'
import { baseOf } from './address.ts'
import { documentBytesMax, parseAnswer, problemBytesMax, problemIn, readText } from './answer.ts'
import { fetchLong } from './body.ts'
import { BadAnswer, NoAnswer, ServiceProblem } from './failure.ts'
import { jittered, pause } from './pacing.ts'
import type { SignIn } from './signin.ts'

/** How to reach a service. */
export type TransportOptions = {
  /** `https://intake.example.org`; plain http only on the loopback address. */
  readonly url: string
  /**
   * What `createSignIn` returns. In a trial, a function that returns a token: it is asked for each request, so
   * that the token may be renewed in between.
   */
  readonly token: SignIn | (() => Promise<string> | string)
  /** How long one request may take, 75 s if left out: a bad line has 60 s to send a body. */
  readonly timeoutMs?: number
}

/** One request. */
export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent without a token: the keyset is anybody's to read. */
  readonly open?: boolean
  /** Beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it may be sent again when no answer came. */
  readonly repeatable: boolean
  /** How long all attempts together may take, for what is not worth waiting for. */
  readonly withinMs?: number
  /** How long the answer may be, decompressed; 8 MiB if left out. */
  readonly bytesMax?: number
  /** Once aborted, it is given up, and sent no more. */
  readonly signal?: AbortSignal | undefined
}

/** One request of bytes. */
export type Exchange = Pick<Call, 'path' | 'open' | 'headers'> & {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'PATCH' | 'OPTIONS'
  readonly bytes?: Uint8Array<ArrayBuffer>
}

export type Transport = ReturnType<typeof createTransport>

const timeoutMsDefault = 75_000
const attemptsMax = 3
/** Before the second attempt, and the third. */
const waitsMs = [500, 2_000]
/** A service that asks for a longer pause is left to the caller. */
const retryAfterMsMax = 10_000
/**
 * Overload and a proxy without a service behind it: both pass. A bug (500) does not. What passes besides
 * says so itself, by `retry`.
 */
const passing: readonly number[] = [429, 502, 503, 504]

/** @throws Error if `url` would show the token to the network */
export function createTransport({ url, token, timeoutMs = timeoutMsDefault }: TransportOptions) {
  const base = baseOf(url)

  /**
   * Sends, and returns the JSON of the answer; `undefined` where it has none.
   *
   * @throws ServiceProblem for a refusal, NoAnswer, BadAnswer for what is not JSON, is too long or
   *   nested too deep
   */
  async function send(request: Call): Promise<unknown> {
    // What is answered is checked by it.
    await ready
    requireNamed(request.path)
    const endsAt = Date.now() + (request.withinMs ?? Number.POSITIVE_INFINITY)
    for (let attempt = 1; ; attempt += 1) {
      const leftMs = Math.max(endsAt - Date.now(), 0)
      const { value, failure } = await attemptOnce(request, Math.min(timeoutMs, leftMs))
      if (!failure) return value
      const waitMs = failure.afterMs ?? jittered(waitsMs[attempt - 1] ?? 0)
      const last = attempt === attemptsMax || !request.repeatable || request.signal?.aborted
      if (last || Date.now() + waitMs >= endsAt) throw failure.error
      await pause(waitMs, request.signal)
    }
  }

  /** How far the service's clock is ahead, in milliseconds; unknown until it has answered. */
  let aheadMs: number | undefined

  /** What was answered, or what may have passed by the next attempt. */
  type Attempt = { value?: unknown; failure?: { error: Error; afterMs: number | undefined } }

  async function attemptOnce(request: Call, limitMs: number): Promise<Attempt> {
    const { method, path, body, open, headers, bytesMax = documentBytesMax, signal } = request
    const byHand = !open && typeof token === 'function' ? `Bearer ${await token()}` : undefined
    const fetched = open || typeof token === 'function' ? fetch : token.fetch
    let response: Response
    let text: string | undefined
    try {
      response = await fetched(base + path, {
        method,
        headers: {
          accept: 'application/json, application/problem+json',
          ...(byHand && { authorization: byHand }),
          ...headers,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A redirect would carry the token and the envelope to whomever it names.
        redirect: 'error',
        cache: 'no-store',
        signal: AbortSignal.any([AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])]),
      })
      aheadMs = aheadOf(response) ?? aheadMs
      text = await readText(response, response.ok ? bytesMax : problemBytesMax)
    } catch (cause) {
      // Signed in nowhere: no other attempt would be.
      if (cause instanceof Refusal) throw cause
      const error = new NoAnswer(noAnswer(base, cause, limitMs), { cause })
      return { failure: { error, afterMs: undefined } }
    }
    if (response.ok) return { value: parsed(text, `${method} ${path}`, bytesMax) }
    const error = new ServiceProblem(problemIn(text, response.status))
    const afterMs = retryAfterMs(response)
    const passes = passing.includes(response.status) || error.problem.retry === 'later'
    if (!passes || (afterMs ?? 0) > retryAfterMsMax) throw error
    return { failure: { error, afterMs } }
  }

  return {
    send,
    exchange: createExchange(base, { token, timeoutMs }),
    /** @returns milliseconds, by the last answer that told a time; negative where it is behind, NaN for no readable date */
    clockAheadMs: () => aheadMs,
  }
}

/** An id of only dots would be taken as a step up, and the request would be another than was meant. */
function requireNamed(path: string): void {
  const names = path.split(/[?#]/)[0]?.split('/') ?? []
  if (names.some((name) => name === '.' || name === '..')) {
    throw new TypeError('an id or a reference of only dots names nothing')
  }
}

function parsed(text: string | undefined, place: string, bytesMax: number): unknown {
  if (text === undefined) {
    const limit = bytesMax / 1024 / 1024
    throw new BadAnswer(`the answer to ${place} is over ${limit} MiB, or not UTF-8`)
  }
  if (text === '') return undefined
  const answer = parseAnswer(text)
  if (!answer) throw new BadAnswer(`the answer to ${place} is not JSON, or nested too deep`)
  return answer.value
}

function noAnswer(base: string, cause: unknown, timeoutMs: number): string {
  const late = cause instanceof Error && cause.name === 'TimeoutError'
  return late
    ? `${base} did not answer within ${timeoutMs / 1000} s`
    : `${base} could not be reached, or broke off`
}

/** The end of the year 9999: what counts by days goes no further. */
const readableMsMax = Date.UTC(9999, 11, 31)

/** By the `Date` of an answer and, where a cache kept it, its `Age` (RFC 9110, RFC 9111). */
function aheadOf({ headers }: Response): number | undefined {
  const date = Date.parse(headers.get('date') ?? '')
  const age = headers.get('age') ?? '0'
  if (Number.isNaN(date) || !/^[0-9]{1,9}$/.test(age)) return undefined
  const at = date + Number(age) * 1000
  return at > readableMsMax ? Number.NaN : at - Date.now()
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after')
  return seconds !== null && /^[0-9]{1,6}$/.test(seconds) ? Number(seconds) * 1000 : undefined
}

/**
 * Makes what sends one request whose answer is bytes, or headers alone, once. The time counts until the last byte is read.
 *
 * @returns an answer that is no refusal, its body unread
 * @throws ServiceProblem, NoAnswer; Refusal where it cannot sign in
 */
function createExchange(
  base: string,
  { token, timeoutMs }: Required<Omit<TransportOptions, 'url'>>,
) {
  return async ({ method, path, open, headers, bytes }: Exchange): Promise<Response> => {
    await ready
    const byHand = !open && typeof token === 'function' ? `Bearer ${await token()}` : undefined
    const fetched = open || typeof token === 'function' ? fetchLong : token.fetch
    let response: Response
    try {
      response = await fetched(base + path, {
        isLong: true,
        method,
        headers: { ...(byHand && { authorization: byHand }), ...headers },
        ...(bytes && { body: bytes }),
        redirect: 'error',
        cache: 'no-store',
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (response.ok) return response
      const text = await readText(response, problemBytesMax)
      throw new ServiceProblem(problemIn(text, response.status))
    } catch (cause) {
      if (cause instanceof Refusal || cause instanceof ServiceProblem) throw cause
      throw new NoAnswer(noAnswer(base, cause, timeoutMs), { cause })
    }
  }
}
