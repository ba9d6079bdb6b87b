/** Something between a client and the service: a bad line, or a server that lies. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

export type Passed = {
  method: string
  path: string
  body: string
  authorization: string | undefined
  proof: string | undefined
  key: string | undefined
}
export type Answer = { status: number; body: string; headers?: Record<string, string> }

/**
 * Passes each request on to `url` and its answer back through `change`, which may alter it or, by
 * answering `undefined`, lose it: the service has done what was asked, and the client never hears.
 * A promise that never ends leaves it waiting.
 */
export async function between(
  t: Pick<Test, 'teardown'>,
  url: string,
  change: (answer: Answer, request: Passed) => Answer | undefined | Promise<Answer | undefined>,
): Promise<{ url: string; passed: Passed[] }> {
  const passed: Passed[] = []
  const base = await listen(t, async (request, hungUp) => {
    const seen = await seenOf(request)
    passed.push(seen)
    const response = await fetch(url + seen.path, {
      method: seen.method,
      signal: hungUp,
      headers: {
        ...(seen.authorization && { authorization: seen.authorization }),
        ...(seen.proof && { 'proof-of-work': seen.proof }),
        ...(seen.key && { 'idempotency-key': seen.key }),
        ...(seen.body && { 'content-type': 'application/json' }),
      },
      ...(seen.body && { body: seen.body }),
    })
    return change({ status: response.status, body: await response.text() }, seen)
  })
  return { url: base, passed }
}

/** A server that answers as `respond` says; `undefined` breaks the connection. */
export async function serve(
  t: Pick<Test, 'teardown'>,
  respond: (request: Passed) => Answer | undefined | Promise<never>,
): Promise<{ url: string; passed: Passed[] }> {
  const passed: Passed[] = []
  const url = await listen(t, async (request) => {
    const seen = await seenOf(request)
    passed.push(seen)
    return respond(seen)
  })
  return { url, passed }
}

async function listen(
  t: Pick<Test, 'teardown'>,
  handle: (request: IncomingMessage, hungUp: AbortSignal) => Promise<Answer | undefined>,
): Promise<string> {
  const server = createServer((request, response) => {
    const hangUp = new AbortController()
    response.on('close', () => hangUp.abort())
    void handle(request, hangUp.signal).then(
      (answer) => {
        if (!answer) {
          request.socket.destroy()
          return
        }
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
        response.end(answer.body)
      },
      (error) => {
        if (!hangUp.signal.aborted) throw error
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function seenOf(request: IncomingMessage): Promise<Passed> {
  const { method = '', url: path = '' } = request
  const body = (await buffer(request)).toString()
  const { headers } = request as { headers: Record<string, string> }
  const { authorization, 'proof-of-work': proof, 'idempotency-key': key } = headers
  return { method, path, body, authorization, proof, key }
}
