/** How bytes are given to `fetch`. */

/** Of what is sent as a stream, in one part. */
const partBytes = 65_536

type Init = Omit<RequestInit, 'body'> & { readonly body?: string | Uint8Array<ArrayBuffer> }

/**
 * As `fetch`. That of Node.js copies a list of bytes, and tens of megabytes of copies pile up before they are collected: there
 * it is given a stream. No browser sends a stream over HTTP/1.1.
 */
export function fetchStreamed(url: string, { body, ...init }: Init): Promise<Response> {
  if (body === undefined) return fetch(url, init)
  if (typeof body === 'string' || !('process' in globalThis)) return fetch(url, { ...init, body })
  return fetch(url, { ...init, body: streamOf(body), duplex: 'half' } as RequestInit)
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        controller.enqueue(bytes.subarray(at, at + partBytes))
        at += partBytes
      },
    },
    // Nothing is taken before it is asked for.
    { highWaterMark: 0 },
  )
}
