import etag from '@fastify/etag'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bearerOf, knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import {
  ChangedQuery,
  OwnReferral,
  OwnReferralParams,
  OwnReferrals,
  ReceiptQuery,
} from './schemas.ts'

/**
 * What became of referrals, for those who sent them. Each answer has an `ETag`, and to whoever has it already the answer is
 * 304 (RFC 9110, section 13.1.2): reading is an entry of the log either way.
 */
export const stateRoutes: FastifyPluginAsyncTypebox<{ intake: Services['intake'] }> = async (
  app,
  { intake },
) => {
  await app.register(etag, { algorithm: 'sha256' })

  app.route({
    method: 'GET',
    url: '/referrals',
    config: { action: 'states.read' },
    schema: {
      operationId: 'listOwnReferrals',
      summary: 'Read which referrals of your organisation are new or stand otherwise than before',
      description:
        'Each at least once, as it stands now, the earliest change first. Go on with `next`, at once where the page is full, and later where it is not.',
      security: [{ bearer: ['referrals:submit'] }],
      querystring: ChangedQuery,
      response: { 200: OwnReferrals },
    },
    handler: async ({ caller, query }) => intake.listOwn(knownCaller(caller), query),
  })

  app.route({
    method: 'GET',
    url: '/referrals/:referralId/state',
    config: { action: 'states.read' },
    schema: {
      operationId: 'readOwnReferral',
      summary: 'Read what became of a referral of your organisation',
      security: [{ bearer: ['referrals:submit'] }],
      params: OwnReferralParams,
      response: { 200: OwnReferral },
    },
    handler: async ({ caller, params }) => intake.readOwn(knownCaller(caller), params.referralId),
  })

  app.route({
    method: 'GET',
    url: '/receipt',
    config: { action: 'receipt.read' },
    schema: {
      operationId: 'readReceipt',
      summary: 'Read what became of the referrals under a receipt',
      description:
        'The newest first, fifty a page. A referral that was declined says so without the reason.',
      security: [{ receipt: [] }],
      querystring: ReceiptQuery,
      response: { 200: OwnReferrals },
    },
    handler: async ({ caller, query }) => intake.readReceipt(bearerOf(caller), query),
  })
}
