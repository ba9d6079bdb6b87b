import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { Completions, CompletionsRequest } from './schemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** For whoever holds several claims. */
export const holdingRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'POST',
    url: '/completions',
    config: { action: 'triage.completed' },
    schema: {
      operationId: 'completeClaims',
      summary: 'Complete several items at once, each judged by its own fence',
      security,
      body: CompletionsRequest,
      response: { 200: Completions },
    },
    handler: async ({ caller, body }) => triage.completeSeveral(knownCaller(caller), body),
  })
}
