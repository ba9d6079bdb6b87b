import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { Erased, ErasureParams, HoldQuery, Holds, HoldsQuery } from './schemas.ts'

const security = [{ bearer: ['cases:erase'] }]

/** The end of a referral, and what keeps it from that. */
export const erasureRoutes: FastifyPluginAsyncTypebox<{ erasure: Services['erasure'] }> = async (
  app,
  { erasure },
) => {
  app.route({
    method: 'POST',
    url: '/:referralId/erasure',
    config: { action: 'referral.erased' },
    schema: {
      operationId: 'eraseReferral',
      summary:
        'Erase a referral for good: all of it but its id, that it was erased, and the access log',
      description:
        'Open work on it ends. What is under a legal hold is not erased, nor what its bearer asked to withdraw in the last seven days. Safe to repeat.',
      security,
      params: ErasureParams,
      response: { 200: Erased },
    },
    handler: async ({ caller, params }) => erasure.erase(knownCaller(caller), params.referralId),
  })

  app.route({
    method: 'PUT',
    url: '/:referralId/hold',
    config: { action: 'hold.placed' },
    schema: {
      operationId: 'placeHold',
      summary: 'Put a referral under a legal hold: nothing erases it until that is lifted',
      security,
      params: ErasureParams,
      querystring: HoldQuery,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, query }, reply) => {
      await erasure.placeHold(knownCaller(caller), params.referralId, query.reason)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/:referralId/hold',
    config: { action: 'hold.lifted' },
    schema: {
      operationId: 'liftHold',
      summary: 'Lift the legal hold of a referral',
      description: 'Safe to repeat.',
      security,
      params: ErasureParams,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params }, reply) => {
      await erasure.liftHold(knownCaller(caller), params.referralId)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'GET',
    url: '/holds',
    config: { action: 'hold.listed' },
    schema: {
      operationId: 'listHolds',
      summary: 'List the referrals under a legal hold, the oldest hold first',
      security,
      querystring: HoldsQuery,
      response: { 200: Holds },
    },
    handler: async ({ caller, query }) => erasure.listHolds(knownCaller(caller), query),
  })
}
