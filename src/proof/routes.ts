import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../services.ts'
import { ChallengeAnswer, ChallengeRequest } from './schemas.ts'

/** Where people without an account get what stands in for a token. */
export const proofRoutes: FastifyPluginAsyncTypebox<{
  proof: Services['proof']
}> = async (app, { proof }) => {
  app.route({
    method: 'POST',
    url: '/challenges',
    schema: {
      operationId: 'getChallenge',
      summary: 'Get a challenge: work to be done before an act without an account',
      description:
        'The solution goes into the header `proof-of-work` of that act, as base64url of the JSON of `{ challenge, solution }`. It counts for ten minutes, once, and for the body of that hash.',
      security: [],
      body: ChallengeRequest,
      response: { 200: ChallengeAnswer },
    },
    handler: async ({ caller, ip, body }) => proof.challenge(caller, ip, body),
  })
}
