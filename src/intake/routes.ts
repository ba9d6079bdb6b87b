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
import type { Services } from '../services.ts'
import { ReferralParams } from './schemas.ts'

/** The protocol names each fault of an envelope itself; path and query are checked as elsewhere. */
const envelopeCompiler: FastifySchemaCompiler<TSchema> = (route) =>
  route.httpPart === 'body'
    ? (body: unknown) => ({ value: readEnvelope(body) })
    : TypeBoxValidatorCompiler(route)

/** Sealed referrals, in by the referrer. */
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
}
