/** A server that webhooks are posted to: it keeps what came, and answers as a test says. */
import http, {
  type IncomingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export type Received = {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What the body says. */
  readonly told: { type: string; timestamp: string; data: Record<string, string> }
}

export type Receiver = {
  readonly port: number
  readonly received: Received[]
  /** How the next requests are answered, one each; all others with 204. */
  readonly answers: ((reply: ServerResponse) => void)[]
}

/** Starts one on the loopback address; it is closed when `t` ends. @param tls - its key and certificate */
export async function receive(
  t: Pick<Test, 'teardown'>,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Receiver> {
  const [received, answers]: [Received[], Receiver['answers']] = [[], []]
  const listener: RequestListener = async (request, reply) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const body = Buffer.concat(parts).toString()
    received.push({ headers: request.headers, body, told: JSON.parse(body) })
    const answer = answers.shift() ?? ((it) => it.writeHead(204).end())
    answer(reply)
  }
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, received, answers }
}

/** An answer of a status, and of headers. */
export const say = (status: number, headers: Record<string, string> = {}) => {
  return (reply: ServerResponse) => void reply.writeHead(status, headers).end('{"ok":false}')
}
