import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { ItemParams } from './parkingschemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** What was done with an item, and taking it back. */
export const pastRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'POST',
    url: '/items/:itemId/reopening',
    config: { action: 'item.reopened' },
    schema: {
      operationId: 'reopenItem',
      summary: 'Take back the completion of an item, within 24 hours of it',
      security,
      params: ItemParams,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params }, reply) => {
      await triage.reopen(knownCaller(caller), params.itemId)
      return reply.code(204).send(null)
    },
  })
}
