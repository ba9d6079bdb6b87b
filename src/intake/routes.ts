import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from '@fastify/type-provider-typebox'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { knownCaller } from '../caller.ts'
import { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import { readEnvelope } from '../protocol/envelope/check.ts'
import { Envelope } from '../protocol/envelope/envelope.ts'
import { Released } from '../protocol/envelope/released.ts'
import type { Services } from '../services.ts'
import {
  CheckedKeys,
  MatchKeysRequest,
  NamedParams,
  OpenQuery,
  ReferralParams,
  StatedUrgency,
  UrgencyRequest,
} from './schemas.ts'

/** The protocol names each fault of an envelope itself; path and query are checked as elsewhere. */
const envelopeCompiler: FastifySchemaCompiler<TSchema> = (route) =>
  route.httpPart === 'body'
    ? (body: unknown) => ({ value: readEnvelope(body) })
    : TypeBoxValidatorCompiler(route)

/** Sealed referrals: in by the referrer, out to the holder of a recipient key. */
export const intakeRoutes: FastifyPluginAsyncTypebox<{
  intake: Services['intake']
}> = async (app, { intake }) => {
  app.route({
    method: 'PUT',
    url: '/:referralId',
    config: { action: 'referral.submitted' },
    validatorCompiler: envelopeCompiler,
    schema: {
      operationId: 'submitReferral',
      summary: 'Submit a sealed referral',
      description:
        'Safe to repeat: the same bytes get the first acknowledgement again, with status 200.',
      security: [{ bearer: ['referrals:submit'] }],
      params: ReferralParams,
      body: Envelope,
      response: { 200: Acknowledgement, 201: Acknowledgement },
    },
    handler: async ({ caller, params, body }, reply) => {
      const { created, acknowledgement } = await intake.submit(
        knownCaller(caller),
        params.referralId,
        body,
      )
      return reply.code(created ? 201 : 200).send(acknowledgement)
    },
  })

  app.route({
    method: 'GET',
    url: '/:referralId',
    config: { action: 'referral.opened' },
    schema: {
      operationId: 'openReferral',
      summary: 'Open a referral: what one of your recipient keys may read of it',
      security: [{ bearer: ['referrals:open'] }],
      params: NamedParams,
      querystring: OpenQuery,
      response: { 200: Released },
    },
    handler: async ({ caller, params, query }) =>
      intake.open(knownCaller(caller), params.referralId, query.recipient),
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
      intake.checkMatchKeys(knownCaller(caller), params.referralId, body),
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
      intake.stateUrgency(knownCaller(caller), params.referralId, body),
  })
}
