import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { ReleasedReferral } from '../vault/schemas.ts'
import {
  CheckedKeys,
  MatchKeysRequest,
  NamedParams,
  OpenQuery,
  StatedUrgency,
  UrgencyRequest,
} from './schemas.ts'

/** Single referrals, out to the holder of a recipient key, and what it says of them. */
export const readingRoutes: FastifyPluginAsyncTypebox<{ reading: Services['reading'] }> = async (
  app,
  { reading },
) => {
  app.route({
    method: 'GET',
    url: '/:referralId',
    config: { action: 'referral.opened' },
    schema: {
      operationId: 'openReferral',
      summary: 'Open a referral: what one of your recipient keys may read of it',
      security: [{ bearer: ['referrals:open'] }, { bearer: ['cases:export'] }],
      params: NamedParams,
      querystring: OpenQuery,
      response: { 200: ReleasedReferral },
    },
    handler: async ({ caller, params, query }) =>
      reading.open(knownCaller(caller), params.referralId, query.recipient),
  })

  app.route({
    method: 'PUT',
    url: '/:referralId/match-keys',
    config: { action: 'match-keys.checked' },
    schema: {
      operationId: 'checkMatchKeys',
      summary: 'Check the match keys of a referral that you opened',
      description: 'They replace the match keys that came with the referral. Safe to repeat.',
      security: [{ bearer: ['referrals:open'] }],
      params: NamedParams,
      body: MatchKeysRequest,
      response: { 200: CheckedKeys },
    },
    handler: async ({ caller, params, body }) =>
      reading.checkMatchKeys(knownCaller(caller), params.referralId, body),
  })

  app.route({
    method: 'PUT',
    url: '/:referralId/urgency',
    config: { action: 'urgency.stated' },
    schema: {
      operationId: 'stateUrgency',
      summary: 'State the urgency that the rules give for a referral that you opened',
      description:
        'Raises the urgency of its item, also while somebody holds it, and never lowers it. Safe to repeat, because the rules depend on the time.',
      security: [{ bearer: ['referrals:open'] }],
      params: NamedParams,
      body: UrgencyRequest,
      response: { 200: StatedUrgency },
    },
    handler: async ({ caller, params, body }) =>
      reading.stateUrgency(knownCaller(caller), params.referralId, body),
  })
}
