import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import { pageRows } from '../protocol/page.ts'
import type { Services } from '../services.ts'
import { EntriesPage, EntriesQuery } from './schemas.ts'

/** The read side of the access log: an entry is only ever appended by the act it records. */
export const auditRoutes: FastifyPluginAsyncTypebox<{ audit: Services['audit'] }> = async (
  app,
  { audit },
) => {
  app.route({
    method: 'GET',
    url: '/entries',
    config: { action: 'audit.searched' },
    schema: {
      operationId: 'listAuditEntries',
      summary: 'List entries of the access log, newest first',
      security: [{ bearer: ['audit:read'] }],
      querystring: EntriesQuery,
      response: { 200: EntriesPage },
    },
    handler: async (request) => {
      const { from, to, limit = pageRows, ...rest } = request.query
      const range = { ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) }
      return audit.list(knownCaller(request.caller), { ...rest, ...range }, limit)
    },
  })
}
