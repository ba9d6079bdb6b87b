import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import { Refusal } from '../errors.ts'
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
      const range = {
        ...(from && { from: momentOf('from', from) }),
        ...(to && { to: momentOf('to', to) }),
      }
      return audit.list(knownCaller(request.caller), { ...rest, ...range }, limit)
    },
  })
}

/** The schema has seen the form. 30 February has it too, and would be read as a day of March. */
function momentOf(name: string, text: string): Date {
  const moment = new Date(text)
  if (moment.toISOString().slice(0, 10) === text.slice(0, 10)) return moment
  throw new Refusal('malformed-request', `${name} names a day that its month does not have`)
}
