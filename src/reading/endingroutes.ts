import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import {
  AskedWithdrawal,
  AskedWithdrawals,
  DecisionQuery,
  NamedParams,
  OpenQuery,
} from './schemas.ts'

/** How a single referral comes to its end: it is closed, or withdrawn as its bearer asked. */
export const endingRoutes: FastifyPluginAsyncTypebox<{ reading: Services['reading'] }> = async (
  app,
  { reading },
) => {
  app.route({
    method: 'POST',
    url: '/:referralId/closing',
    config: { action: 'referral.moved' },
    schema: {
      operationId: 'closeReferral',
      summary: 'Close a referral that has its answer: there is nothing more to do about it',
      description: 'Its referrer is shown that. Safe to repeat.',
      security: [{ bearer: ['triage:work'] }],
      params: NamedParams,
      querystring: OpenQuery,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, query }, reply) => {
      await reading.close(knownCaller(caller), params.referralId, query)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'GET',
    url: '/withdrawals',
    config: { action: 'withdrawal.listed' },
    schema: {
      operationId: 'listAskedWithdrawals',
      summary: 'List the withdrawals that bearers of receipts asked for and nobody decided on',
      description: 'The oldest first, of the referrals that your recipient key opens.',
      security: [{ bearer: ['triage:work'] }],
      querystring: OpenQuery,
      response: { 200: AskedWithdrawals },
    },
    handler: async ({ caller, query }) =>
      reading.listWithdrawals(knownCaller(caller), query.recipient),
  })

  app.route({
    method: 'POST',
    url: '/:referralId/withdrawal/confirmation',
    config: { action: 'withdrawal.decided' },
    schema: {
      operationId: 'decideWithdrawal',
      summary: 'Withdraw a referral as its bearer asked, or decline that',
      description:
        'Of one that has no answer yet. Nothing is erased before `keptUntil`. What was declined may be confirmed later. Safe to repeat.',
      security: [{ bearer: ['triage:work'] }],
      params: NamedParams,
      querystring: DecisionQuery,
      response: { 200: AskedWithdrawal },
    },
    handler: async ({ caller, params, query }) =>
      reading.decideWithdrawal(knownCaller(caller), params.referralId, query),
  })
}
