import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { GivenUp, GivingUpQuery, WrapsPage, WrapsQuery } from './grantschemas.ts'

const security = [{ bearer: ['grants:write'] }]

/** All wraps of a key, to be passed on to the key that follows it. */
export const rotatingRoutes: FastifyPluginAsyncTypebox<{ reading: Services['reading'] }> = async (
  app,
  { reading },
) => {
  app.route({
    method: 'GET',
    url: '/wraps',
    config: { action: 'wrap.released' },
    schema: {
      operationId: 'listWraps',
      summary: 'Read the wraps of your key that another key has none of yet, to pass them on',
      description: 'Without a compartment, so that nothing is opened by it.',
      security,
      querystring: WrapsQuery,
      response: { 200: WrapsPage },
    },
    handler: async ({ caller, query }) => reading.listWraps(knownCaller(caller), query),
  })

  app.route({
    method: 'DELETE',
    url: '/wraps',
    config: { action: 'wrap.deleted' },
    schema: {
      operationId: 'giveUpWraps',
      summary: 'Delete wraps of your key that were passed on to another: it opens them no more',
      description: 'Until nothing is deleted any more. Safe to repeat.',
      security,
      querystring: GivingUpQuery,
      response: { 200: GivenUp },
    },
    handler: async ({ caller, query }) => reading.giveUp(knownCaller(caller), query),
  })
}
