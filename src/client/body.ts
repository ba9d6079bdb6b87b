/** One request whose body, or whose answer, may be long: piece by piece, and in little memory. */
import { problemBytesMax, readText } from './answer.ts'

type Init = Omit<RequestInit, 'body' | 'headers'> & {
  readonly headers?: Readonly<Record<string, string>> | Headers
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** Of Node.js, as far as it is used here: no browser has it, nor its types. */
type Emitter = {
  on(event: 'data', act: (bytes: Uint8Array) => void): unknown
  on(event: 'end' | 'close', act: () => void): unknown
  on(event: 'error', act: (error: unknown) => void): unknown
  destroy(): unknown
}
type Message = Emitter & {
  readonly statusCode?: number
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>
  pause(): unknown
  resume(): unknown
}
type Http = {
  request(
    url: string,
    options: { method: string; headers: Readonly<Record<string, string>> },
    onMessage: (message: Message) => void,
  ): Emitter & { end(body?: string | Uint8Array): unknown }
}
type Node = { getBuiltinModule?(name: 'http' | 'https'): Http | undefined }

/**
 * As `fetch` with `redirect: 'error'`, for a body or an answer to `GET` that is long. That of Node.js copies what it sends and what
 * it receives, and the copies pile up before they are collected: 62 MB of them while 100 MiB are fetched, where 40 are meant. There
 * its plain HTTP client is used, which takes 32, as its pieces have a buffer of their own each that can be given back (decision 49).
 *
 * @throws TypeError where no answer came, or a redirect; the reason of `signal` once it is aborted
 */
export async function fetchLong(url: string, init: Init): Promise<Response> {
  const { process } = globalThis as { process?: Node }
  const name = new URL(url).protocol === 'https:' ? 'https' : 'http'
  const http = process?.getBuiltinModule?.(name)
  return http ? requested(http, url, init) : fetch(url, init as RequestInit)
}

function requested(
  http: Http,
  url: string,
  { method = 'GET', headers, body, signal }: Init,
): Promise<Response> {
  const options = { method, headers: Object.fromEntries(new Headers(headers)) }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(signal?.aborted ? signal.reason : lost(error))
    const request = http.request(url, options, (message) => {
      const { statusCode: status = 0 } = message
      // A redirect; or what no `Response` may have, which would be thrown where nobody catches it.
      if (status < 200 || (status >= 300 && status < 400) || status > 599) {
        request.destroy()
        reject(lost(new Error(`status ${status}`)))
        return
      }
      const init = { status, headers: headersOf(message) }
      const isEmpty = method === 'HEAD' || status === 204 || status === 205
      if (isEmpty) message.resume()
      const answer = new Response(isEmpty ? null : bodyOf(message, signal), init)
      if (isEmpty || (method === 'GET' && answer.ok)) return resolve(answer)
      // An answer that nobody reads would keep its connection: a short one is read here.
      const read = readText(answer, problemBytesMax)
      read.then((text = '') => resolve(new Response(text, init)), reject)
    })
    const abort = () => request.destroy()
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
    request.on('error', fail)
    request.on('close', () => signal?.removeEventListener('abort', abort))
    request.end(body)
  })
}

/** One piece after the other, as they came: what is asked for in one would be joined, and so copied. */
function bodyOf(message: Message, signal: Init['signal']): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      start(controller) {
        message.on('data', (bytes) => {
          controller.enqueue(bytes)
          message.pause()
        })
        message.on('end', () => controller.close())
        message.on('error', (error) => {
          controller.error(signal?.aborted ? signal.reason : lost(error))
        })
        message.pause()
      },
      pull: () => void message.resume(),
      cancel: () => void message.destroy(),
    },
    // Nothing is taken before it is asked for.
    { highWaterMark: 0 },
  )
}

function headersOf({ headersDistinct }: Message): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  return headers
}

/** The network's own errors, as `fetch` has them. */
function lost(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause })
}
