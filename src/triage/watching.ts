import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { ChangesPage, ChangesQuery, Summary } from './watchingschemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** For whoever watches the queue without working on it. */
export const watchingRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.addHook('preClose', async () => triage.endWaits())

  app.route({
    method: 'GET',
    url: '/changes',
    config: { action: 'triage.watched' },
    schema: {
      operationId: 'listChanges',
      summary: 'See what became of items since you last asked, by their ids',
      security,
      querystring: ChangesQuery,
      response: { 200: ChangesPage },
    },
    handler: async (request, reply) => {
      const { waitSeconds: seconds = 0, ...query } = request.query
      const wait = { seconds, listener: reply.raw, leave: () => request.leaveShare() }
      return triage.changes(knownCaller(request.caller), query, wait)
    },
  })

  app.route({
    method: 'GET',
    url: '/summary',
    config: { action: 'triage.counted' },
    schema: {
      operationId: 'summariseQueue',
      summary: 'See how many items wait, are held, overdue or escalated, and since when',
      security,
      response: { 200: Summary },
    },
    handler: async ({ caller }) => triage.summary(knownCaller(caller)),
  })
}
