import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from '@fastify/type-provider-typebox'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import {
  EvaluationAnswers,
  EvaluationBody,
  EvaluationRequest,
  Unchecked,
  UncheckedQuery,
} from './schemas.ts'

/** The service names each fault of the elements itself; the document says what is right. */
const evaluationCompiler: FastifySchemaCompiler<TSchema> = (route) =>
  TypeBoxValidatorCompiler(route.httpPart === 'body' ? { ...route, schema: EvaluationBody } : route)

/** Match keys: evaluated blinded, for those who may ask, and checked by recipients. */
export const matchingRoutes: FastifyPluginAsyncTypebox<{
  matching: Services['matching']
}> = async (app, { matching }) => {
  app.route({
    method: 'POST',
    url: '/evaluations',
    config: { action: 'matching.evaluated' },
    validatorCompiler: evaluationCompiler,
    schema: {
      operationId: 'evaluateMatchKeys',
      summary: 'Evaluate blinded match keys, by the keyholders',
      description:
        'Within a daily budget of elements. A referral is accepted without match keys, so nobody needs to wait for this.',
      security: [{ bearer: ['matching:evaluate'] }],
      body: EvaluationRequest,
      response: { 200: EvaluationAnswers },
    },
    handler: async ({ caller, body }) =>
      matching.evaluate(knownCaller(caller), body.epoch, body.elements),
  })

  app.route({
    method: 'GET',
    url: '/unchecked',
    config: { action: 'match-keys.listed' },
    schema: {
      operationId: 'listUnchecked',
      summary:
        'List referrals whose match keys no recipient has checked, one of each organisation in turn',
      description:
        'First the oldest of each organisation, then the second of each, and so on. A check moves later referrals forward: after one, begin again without a cursor. A list that names nobody is not logged.',
      security: [{ bearer: ['referrals:open'] }],
      querystring: UncheckedQuery,
      response: { 200: Unchecked },
    },
    handler: async ({ caller, query }) => matching.unchecked(knownCaller(caller), query),
  })
}
