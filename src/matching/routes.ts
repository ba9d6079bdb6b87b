import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import { Unchecked, UncheckedQuery } from './schemas.ts'
import type { Matching } from './service.ts'

/** Match values: what recipients have yet to check. */
export const matchingRoutes: FastifyPluginAsyncTypebox<{ matching: Matching }> = async (
  app,
  { matching },
) => {
  app.route({
    method: 'GET',
    url: '/unchecked',
    config: { action: 'match-keys.listed' },
    schema: {
      operationId: 'listUnchecked',
      summary: 'Referrals whose match keys no recipient has made again, the oldest first',
      security: [{ bearer: ['referrals:open'] }],
      querystring: UncheckedQuery,
      response: { 200: Unchecked },
    },
    handler: async ({ caller, query: { limit = 50, ...query } }) =>
      matching.unchecked(knownCaller(caller), { ...query, limit }),
  })
}
