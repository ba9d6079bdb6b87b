/** Puts sealed bodies over a fixed number of connections that stay open. */
import { Agent, type OutgoingHttpHeaders, request } from 'node:http'

export type Body = { readonly id: string; readonly bytes: Buffer }

/** Sends each body once; answers how many were accepted a second. Any refusal ends the bench. */
export async function putAll(
  url: string,
  token: string,
  bodies: readonly Body[],
  connections: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let next = 0
  const worker = async () => {
    for (let body = bodies[next++]; body; body = bodies[next++]) {
      const status = await put(agent, url, token, body)
      if (status !== 201) throw new Error(`PUT answered ${status}`)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - begun) / 1000
  agent.destroy()
  return bodies.length / seconds
}

function put(agent: Agent, url: string, token: string, { id, bytes }: Body): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v1/referrals/${id}`,
      { agent, method: 'PUT', headers: putHeaders(token, bytes) },
      (answer) => {
        answer.resume()
        answer.once('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    sent.once('error', reject)
    sent.end(bytes)
  })
}

/** What a PUT of an envelope is sent with. */
export function putHeaders(token: string, bytes: Buffer): OutgoingHttpHeaders {
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': bytes.length,
  }
}
