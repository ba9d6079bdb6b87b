import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import { GrantedParams, GrantRequest, Grants, GrantsGiven, GrantsRequest } from './grantschemas.ts'
import { NamedParams, OpenQuery } from './schemas.ts'

const security = [{ bearer: ['grants:write'] }]

/** Which further readers may open referrals. */
export const grantRoutes: FastifyPluginAsyncTypebox<{ reading: Services['reading'] }> = async (
  app,
  { reading },
) => {
  app.route({
    method: 'POST',
    url: '/:referralId/grants',
    config: { action: 'grant.given' },
    schema: {
      operationId: 'giveGrant',
      summary: 'Let one more reader open compartments of a referral that you hold',
      description:
        'The reader stands in the newest keyset or directory. The very same grant again is done already.',
      security,
      params: NamedParams,
      body: GrantRequest,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, body }, reply) => {
      await reading.give(knownCaller(caller), params.referralId, body)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'POST',
    url: '/grants',
    config: { action: 'grant.given' },
    schema: {
      operationId: 'giveGrants',
      summary: 'Give several grants of one granter',
      description: 'Each is judged by itself: one that is refused keeps no other from standing.',
      security,
      body: GrantsRequest,
      response: { 200: GrantsGiven },
    },
    handler: async ({ caller, body }) => reading.giveSeveral(knownCaller(caller), body),
  })

  app.route({
    method: 'GET',
    url: '/:referralId/grants',
    config: { action: 'grant.listed' },
    schema: {
      operationId: 'listGrants',
      summary: 'Read which grants of a referral are in force',
      security: [...security, { bearer: ['cases:export'] }],
      params: NamedParams,
      querystring: OpenQuery,
      response: { 200: Grants },
    },
    handler: async ({ caller, params, query }) =>
      reading.listGrants(knownCaller(caller), params.referralId, query),
  })

  app.route({
    method: 'DELETE',
    url: '/:referralId/grants/:kid',
    config: { action: 'grant.revoked' },
    schema: {
      operationId: 'revokeGrant',
      summary: 'Take back a grant: its wrap is deleted',
      description: 'What was opened stays known.',
      security,
      params: GrantedParams,
      querystring: OpenQuery,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, query }, reply) => {
      await reading.revoke(knownCaller(caller), params.referralId, params.kid, query)
      return reply.code(204).send(null)
    },
  })
}
