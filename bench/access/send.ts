/** One request, and the status of its answer. */
import { type Agent, request } from 'node:http'

export type Sent = {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly bytes?: Uint8Array
}

export function send(
  agent: Agent,
  url: string,
  { path, method, headers, bytes }: Sent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent, method, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(bytes)
  })
}
