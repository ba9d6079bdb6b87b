import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import {
  ActivationRequest,
  EndpointParams,
  ReplayRequest,
  RotationRequest,
  WebhookEndpoint,
} from './schemas.ts'

const security = [{ bearer: ['webhooks:manage', 'triage:work'] }]

/** For an endpoint that is there. */
export const changingRoutes: FastifyPluginAsyncTypebox<{ webhooks: Services['webhooks'] }> = async (
  app,
  { webhooks },
) => {
  app.route({
    method: 'POST',
    url: '/endpoints/:endpointId/activation',
    config: { action: 'webhook.changed' },
    schema: {
      operationId: 'activateEndpoint',
      summary: 'Stop sending to an endpoint, or go on from where it was',
      security,
      params: EndpointParams,
      body: ActivationRequest,
      response: { 200: WebhookEndpoint },
    },
    handler: async ({ caller, params, body }) =>
      webhooks.setActive(knownCaller(caller), params.endpointId, body.active),
  })

  app.route({
    method: 'POST',
    url: '/endpoints/:endpointId/rotation',
    config: { action: 'webhook.changed' },
    schema: {
      operationId: 'rotateEndpointSecret',
      summary: 'Replace the secret of an endpoint; for a while both sign',
      security,
      params: EndpointParams,
      body: RotationRequest,
      response: { 200: WebhookEndpoint },
    },
    handler: async ({ caller, params, body }) =>
      webhooks.rotate(knownCaller(caller), params.endpointId, body.overlapHours ?? 24),
  })

  app.route({
    method: 'POST',
    url: '/endpoints/:endpointId/replay',
    config: { action: 'webhook.changed' },
    schema: {
      operationId: 'replayToEndpoint',
      summary: 'Send messages of the last 7 days again, from a time or a message on',
      security,
      params: EndpointParams,
      body: ReplayRequest,
      response: { 200: WebhookEndpoint },
    },
    handler: async ({ caller, params, body }) =>
      webhooks.replay(knownCaller(caller), params.endpointId, body),
  })
}
