import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { bearerOf, knownCaller } from '../caller.ts'
import { MessageEnvelope } from '../protocol/messages/message.ts'
import type { Services } from '../services.ts'
import {
  DeliveryParams,
  DeliveryQuery,
  MessageAcknowledgement,
  Messages as MessagesPage,
  MessagesParams,
  MessagesQuery,
  ReceiptMessagesQuery,
  ReceiptSendingQuery,
  SendingQuery,
} from './schemas.ts'

type Messages = Services['messages']

const sendingWords =
  'Sealed, signed, and the next of its side. Safe to repeat: the same bytes get the first acknowledgement again, with status 200.'
const readingWords =
  'Both sides, in the order in which they came, a page at a time. Those of the other side count as opened from now on, unless `leaveUnread` is set. ' +
  'When its own were opened a referrer sees by the day, from the next day in London on.'

/** For organisations about what they sent, for the apps that hold recipient keys, and for bearers of receipts. */
export const messageRoutes: FastifyPluginAsyncTypebox<{ messages: Messages }> = async (
  app,
  { messages },
) => {
  app.route({
    method: 'POST',
    url: '/referrals/:referralId/messages',
    config: { action: 'message.sent' },
    schema: {
      operationId: 'sendMessage',
      summary: 'Send a sealed message about a referral: to its recipients, or to who sent it',
      description: sendingWords,
      security: [{ bearer: ['messages:write'] }],
      params: MessagesParams,
      querystring: SendingQuery,
      body: MessageEnvelope,
      response: { 200: MessageAcknowledgement, 201: MessageAcknowledgement },
    },
    handler: async ({ caller, params, query, body }, reply) => {
      const known = knownCaller(caller)
      const { created, acknowledgement } = await messages.send(
        known,
        params.referralId,
        body,
        query,
      )
      return reply.code(created ? 201 : 200).send(acknowledgement)
    },
  })

  app.route({
    method: 'GET',
    url: '/referrals/:referralId/messages',
    config: { action: 'messages.read' },
    schema: {
      operationId: 'listMessages',
      summary: 'Read the sealed messages about a referral',
      description: readingWords,
      security: [{ bearer: ['messages:write'] }, { bearer: ['cases:export'] }],
      params: MessagesParams,
      querystring: MessagesQuery,
      response: { 200: MessagesPage },
    },
    handler: async ({ caller, params, query }) =>
      messages.read(knownCaller(caller), params.referralId, query),
  })

  deliveryRoute(app, messages)
  receiptRoutes(app, messages)
}

type App = Parameters<typeof messageRoutes>[0]

function deliveryRoute(app: App, messages: Messages): void {
  app.route({
    method: 'POST',
    url: '/referrals/:referralId/messages/:messageId/delivery',
    config: { action: 'message.delivered' },
    schema: {
      operationId: 'deliverMessage',
      summary: 'Say that a reply was read aloud, or handed over as a letter, and in which language',
      description: 'Safe to repeat: the first time stands.',
      security: [{ bearer: ['messages:write'] }],
      params: DeliveryParams,
      querystring: DeliveryQuery,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, query }, reply) => {
      await messages.deliver(knownCaller(caller), params.referralId, params.messageId, query)
      return reply.code(204).send(null)
    },
  })
}

/** The same for the bearer of a receipt. */
function receiptRoutes(app: App, messages: Messages): void {
  app.route({
    method: 'POST',
    url: '/receipt/messages',
    config: { action: 'message.sent' },
    schema: {
      operationId: 'sendMessageByReceipt',
      summary: 'Send a sealed message about a referral that was sent under a receipt',
      description: sendingWords,
      security: [{ receipt: [] }],
      querystring: ReceiptSendingQuery,
      body: MessageEnvelope,
      response: { 200: MessageAcknowledgement, 201: MessageAcknowledgement },
    },
    handler: async ({ caller, query, body }, reply) => {
      const bearer = bearerOf(caller)
      const { created, acknowledgement } = await messages.send(bearer, query.referral, body, {})
      return reply.code(created ? 201 : 200).send(acknowledgement)
    },
  })

  app.route({
    method: 'GET',
    url: '/receipt/messages',
    config: { action: 'messages.read' },
    schema: {
      operationId: 'listMessagesByReceipt',
      summary: 'Read the sealed messages about a referral that was sent under a receipt',
      description: readingWords,
      security: [{ receipt: [] }],
      querystring: ReceiptMessagesQuery,
      response: { 200: MessagesPage },
    },
    handler: async ({ caller, query: { referral, ...query } }) =>
      messages.read(bearerOf(caller), referral, query),
  })
}
