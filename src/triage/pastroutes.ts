import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { Attempts } from './attemptsschemas.ts'
import { PastParams } from './parkingschemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** What was done with an item, and taking it back. */
export const pastRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'GET',
    url: '/items/:itemId/attempts',
    config: { action: 'triage.traced' },
    schema: {
      operationId: 'listAttempts',
      summary: 'List who held an item, open or completed, and how each lease of its case ended',
      security,
      params: PastParams,
      response: { 200: Attempts },
    },
    handler: async ({ caller, params }) => triage.attempts(knownCaller(caller), params.itemId),
  })

  app.route({
    method: 'POST',
    url: '/items/:itemId/reopening',
    config: { action: 'item.reopened' },
    schema: {
      operationId: 'reopenItem',
      summary: 'Take back the completion of an item, within 24 hours of it',
      security,
      params: PastParams,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params }, reply) => {
      await triage.reopen(knownCaller(caller), params.itemId)
      return reply.code(204).send(null)
    },
  })
}
