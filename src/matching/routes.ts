import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from '@fastify/type-provider-typebox'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Evaluations } from './evaluations.ts'
import { EvaluationAnswers, EvaluationBody, EvaluationRequest } from './schemas.ts'

/** The service names each fault of the elements itself; the document says what is right. */
const evaluationCompiler: FastifySchemaCompiler<TSchema> = (route) =>
  TypeBoxValidatorCompiler(route.httpPart === 'body' ? { ...route, schema: EvaluationBody } : route)

/** Blinded match keys: evaluated for those who may ask, and never for the public. */
export const matchingRoutes: FastifyPluginAsyncTypebox<{ evaluations: Evaluations }> = async (
  app,
  { evaluations },
) => {
  app.route({
    method: 'POST',
    url: '/evaluations',
    config: { action: 'matching.evaluated' },
    validatorCompiler: evaluationCompiler,
    schema: {
      operationId: 'evaluateMatchKeys',
      summary: 'Have blinded match keys evaluated by the holders of the matching key',
      description:
        'Within a budget of elements a day. A referral is accepted without match keys, so nobody need wait for this.',
      security: [{ bearer: ['matching:evaluate'] }],
      body: EvaluationRequest,
      response: { 200: EvaluationAnswers },
    },
    handler: async ({ caller, body }) =>
      evaluations.evaluate(knownCaller(caller), body.epoch, body.elements),
  })
}
