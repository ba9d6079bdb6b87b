import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { ItemParams } from './parkingschemas.ts'
import { Item } from './schemas.ts'
import { UrgencySetting } from './urgencyschemas.ts'

/** For a person who knows more than the rules. */
export const urgencyRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'POST',
    url: '/items/:itemId/urgency',
    config: { action: 'urgency.set' },
    schema: {
      operationId: 'setUrgency',
      summary: 'Set the urgency of an item, up or down, with a sealed reason',
      security: [{ bearer: ['triage:work'] }],
      params: ItemParams,
      body: UrgencySetting,
      response: { 200: Item },
    },
    handler: async ({ caller, params, body }) =>
      triage.setUrgency(knownCaller(caller), params.itemId, body),
  })
}
