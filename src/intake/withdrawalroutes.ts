import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bearerOf, knownCaller } from '../caller.ts'
import { MessageEnvelope } from '../protocol/messages/message.ts'
import type { Services } from '../services.ts'
import { OwnReferral, OwnReferralParams, WithdrawalRequest } from './schemas.ts'

/** A referral is withdrawn by who sent it, or its withdrawal is asked for. */
export const withdrawalRoutes: FastifyPluginAsyncTypebox<{
  intake: Services['intake']
  proof: Services['proof']
}> = async (app, { intake, proof }) => {
  app.route({
    method: 'POST',
    url: '/referrals/:referralId/withdrawal',
    config: { action: 'referral.withdrawn' },
    schema: {
      operationId: 'withdrawReferral',
      summary: 'Withdraw a referral of your organisation, with a sealed reason',
      description:
        'Of one that has no answer yet. It is withdrawn at once, and nothing of it is erased before `keptUntil`. Safe to repeat: the first time stands.',
      security: [{ bearer: ['referrals:submit'] }],
      params: OwnReferralParams,
      body: MessageEnvelope,
      response: { 200: OwnReferral },
    },
    handler: async ({ caller, params, body }) =>
      intake.withdraw(knownCaller(caller), params.referralId, body),
  })

  app.route({
    method: 'POST',
    url: '/receipt/withdrawal',
    config: { action: 'withdrawal.asked' },
    schema: {
      operationId: 'askToWithdraw',
      summary: 'Ask for the withdrawal of a referral',
      description:
        'It only asks: a person decides. Nothing is changed by it, and nothing is erased before `keptUntil`. Safe to repeat: the first time stands.',
      security: [{ receipt: [] }],
      body: WithdrawalRequest,
      response: { 200: OwnReferral },
    },
    handler: async ({ caller, body, ip }) =>
      intake.askToWithdraw(bearerOf(caller), body.referralId, await proof.sourceOf(caller, ip)),
  })
}
