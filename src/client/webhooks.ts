/** The servers of a client that are told what becomes of items: docs/WEBHOOKS.md. */
import { readWebhookSecret } from '../protocol/webhook.ts'
import { BadAnswer } from './failure.ts'
import { type Endpoint, EndpointAnswer, EndpointsAnswer, readAnswer } from './schemas.ts'
import { createTransport, type TransportOptions } from './transport.ts'

/** From where on messages are sent again: a time, or the id of a message. */
export type ReplayFrom = { readonly since: string } | { readonly messageId: string }

/** @see createWebhooks */
export type Webhooks = {
  /** Those of this client, each with its newest failures. */
  list(): Promise<Endpoint[]>
  /**
   * Has this address told what becomes of items from now on.
   *
   * @returns the endpoint with its `secret`, which no later answer has. If no answer comes, `list` shows whether it is there
   * @throws ServiceProblem `endpoint-refused`
   */
  add(url: string): Promise<Endpoint>
  /** Stops it, or has it go on from where it was. @throws ServiceProblem `not-found`, as all that name one */
  setActive(endpointId: string, active: boolean): Promise<Endpoint>
  /** Replaces its secret. Both sign for `overlapHours`, 0 to 168. @returns it with the new `secret` */
  rotate(endpointId: string, overlapHours: number): Promise<Endpoint>
  /** Sends again what was sent, of the last 7 days. @throws ServiceProblem `cursor-outdated` */
  replay(endpointId: string, from: ReplayFrom): Promise<Endpoint>
  /** Removes it. What is under way may still arrive. */
  remove(endpointId: string): Promise<void>
}

/** Manages the endpoints of the client that the token is of; it needs no key that opens. */
export function createWebhooks(options: TransportOptions): Webhooks {
  const transport = createTransport(options)
  const root = '/v1/webhooks/endpoints'

  async function post(path: string, body: object, repeatable: boolean): Promise<Endpoint> {
    const answer = await transport.send({ method: 'POST', path, body, repeatable })
    return readAnswer(EndpointAnswer, answer, `POST ${path}`)
  }

  /** Makes a secret. A second time would make another, and of an endpoint a second one. */
  async function postForSecret(path: string, body: object): Promise<Endpoint> {
    const endpoint = await post(path, body, false)
    if (readWebhookSecret(endpoint.secret ?? '')) return endpoint
    throw new BadAnswer(`the answer to POST ${path} holds no secret of a webhook`)
  }

  const act = (endpointId: string, name: string) =>
    `${root}/${encodeURIComponent(endpointId)}/${name}`
  return {
    async list() {
      const answer = await transport.send({ method: 'GET', path: root, repeatable: true })
      return readAnswer(EndpointsAnswer, answer, `GET ${root}`).endpoints
    },
    add: (url) => postForSecret(root, { url }),
    setActive: (endpointId, active) => post(act(endpointId, 'activation'), { active }, true),
    rotate: (endpointId, overlapHours) =>
      postForSecret(act(endpointId, 'rotation'), { overlapHours }),
    replay: (endpointId, from) => post(act(endpointId, 'replay'), from, true),
    async remove(endpointId) {
      const path = `${root}/${encodeURIComponent(endpointId)}`
      await transport.send({ method: 'DELETE', path, repeatable: false })
    },
  }
}
