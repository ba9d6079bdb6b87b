import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import {
  ClaimHeaders,
  ClaimParams,
  ClaimRequest,
  Claims,
  Completion,
  CompletionRequest,
  ItemsPage,
  ItemsQuery,
  ReleaseRequest,
  Renewal,
  RenewalRequest,
} from './schemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** The queue: what there is, and its four verbs. Each is one call; the fence does the rest. */
export const triageRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'GET',
    url: '/items',
    config: { action: 'triage.listed' },
    schema: {
      operationId: 'listItems',
      summary: 'List open items in one state, earliest deadline first, without claiming them',
      security,
      querystring: ItemsQuery,
      response: { 200: ItemsPage },
    },
    handler: async ({ caller, query }) => triage.list(knownCaller(caller), query),
  })

  app.route({
    method: 'POST',
    url: '/claims',
    config: { action: 'triage.claimed' },
    schema: {
      operationId: 'claimItems',
      summary: 'Claim the most urgent items that your recipient key can open',
      security,
      headers: ClaimHeaders,
      body: ClaimRequest,
      response: { 200: Claims },
    },
    handler: async (request, reply) => {
      const wait = { listener: reply.raw, leave: () => request.leaveShare() }
      const key = request.headers['idempotency-key']
      return triage.claim(knownCaller(request.caller), request.body, key, wait)
    },
  })

  app.route({
    method: 'POST',
    url: '/claims/:claimId/renewal',
    config: { action: 'triage.renewed' },
    schema: {
      operationId: 'renewClaim',
      summary: 'Renew a lease',
      security,
      params: ClaimParams,
      body: RenewalRequest,
      response: { 200: Renewal },
    },
    handler: async ({ caller, params, body }) =>
      triage.renew(knownCaller(caller), { ...params, ...body }, body.leaseSeconds),
  })

  app.route({
    method: 'POST',
    url: '/claims/:claimId/release',
    config: { action: 'triage.released' },
    schema: {
      operationId: 'releaseClaim',
      summary: 'Release an item: it goes back to its place in the queue',
      security,
      params: ClaimParams,
      body: ReleaseRequest,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, body }, reply) => {
      await triage.release(knownCaller(caller), { ...params, ...body })
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'POST',
    url: '/claims/:claimId/completion',
    config: { action: 'triage.completed' },
    schema: {
      operationId: 'completeClaim',
      summary: 'Complete an item, with an outcome for the referrals that this answers',
      security,
      params: ClaimParams,
      body: CompletionRequest,
      response: { 200: Completion },
    },
    handler: async ({ caller, params, body }) =>
      triage.complete(knownCaller(caller), params.claimId, body),
  })
}
