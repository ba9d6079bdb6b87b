import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { EndpointParams, EndpointRequest, WebhookEndpoint, WebhookEndpoints } from './schemas.ts'

/** What is told is what the queue tells: whoever may not read that has it sent nowhere either. */
const security = [{ bearer: ['webhooks:manage', 'triage:work'] }]

/** The endpoints of a client. */
export const webhookRoutes: FastifyPluginAsyncTypebox<{ webhooks: Services['webhooks'] }> = async (
  app,
  { webhooks },
) => {
  app.route({
    method: 'POST',
    url: '/endpoints',
    config: { action: 'webhook.created' },
    schema: {
      operationId: 'createEndpoint',
      summary: 'Have a server of yours told what becomes of items from now on',
      security,
      body: EndpointRequest,
      response: { 201: WebhookEndpoint },
    },
    handler: async ({ caller, body }, reply) =>
      reply.code(201).send(await webhooks.create(knownCaller(caller), body.url)),
  })

  app.route({
    method: 'GET',
    url: '/endpoints',
    config: { action: 'webhook.listed' },
    schema: {
      operationId: 'listEndpoints',
      summary: 'List the endpoints of your client, with their newest failures',
      security,
      response: { 200: WebhookEndpoints },
    },
    handler: async ({ caller }) => webhooks.list(knownCaller(caller)),
  })

  app.route({
    method: 'DELETE',
    url: '/endpoints/:endpointId',
    config: { action: 'webhook.removed' },
    schema: {
      operationId: 'removeEndpoint',
      summary: 'Remove an endpoint',
      security,
      params: EndpointParams,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params }, reply) => {
      await webhooks.remove(knownCaller(caller), params.endpointId)
      return reply.code(204).send(null)
    },
  })
}
