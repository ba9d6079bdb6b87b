import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { HandoverRequest } from './handoverschemas.ts'
import { ClaimParams, ItemsPage, OwnClaimsQuery } from './schemas.ts'
import { Completions, CompletionsRequest } from './severalschemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** For whoever holds several claims. */
export const holdingRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'GET',
    url: '/claims',
    config: { action: 'triage.listed' },
    schema: {
      operationId: 'listClaims',
      summary: 'List the items that your client holds now, each with its fence',
      security,
      querystring: OwnClaimsQuery,
      response: { 200: ItemsPage },
    },
    handler: async ({ caller, query }) => triage.listOwn(knownCaller(caller), query),
  })

  app.route({
    method: 'POST',
    url: '/claims/:claimId/handover',
    config: { action: 'triage.handed-over' },
    schema: {
      operationId: 'handOverClaim',
      summary: 'Hand an item that you hold to a colleague: another client that opens it',
      security,
      params: ClaimParams,
      body: HandoverRequest,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, body }, reply) => {
      await triage.handover(knownCaller(caller), params.claimId, body)
      return reply.code(204).send(null)
    },
  })

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
