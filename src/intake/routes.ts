import {
  type FastifyPluginAsyncTypebox,
  TypeBoxValidatorCompiler,
} from '@fastify/type-provider-typebox'
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { bearerOf, knownCaller } from '../caller.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import { readEnvelope } from '../protocol/envelope/check.ts'
import { Envelope } from '../protocol/envelope/envelope.ts'
import { sha256 } from '../protocol/sodium.ts'
import type { Services } from '../services.ts'
import { Openings, ProofHeaders, ReferralParams } from './schemas.ts'

/** The protocol names each fault of an envelope itself; path and query are checked as elsewhere. */
const envelopeCompiler: FastifySchemaCompiler<TSchema> = (route) =>
  route.httpPart === 'body'
    ? (body: unknown) => ({ value: readEnvelope(body) })
    : TypeBoxValidatorCompiler(route)

const openingsWords =
  'The first opening under each label of a recipient, from the next day in London on, and the proof that its ' +
  'entry is in the access log. What was opened today is not shown yet.'

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

  app.route({
    method: 'GET',
    url: '/:referralId/openings',
    config: { action: 'openings.read' },
    schema: {
      operationId: 'readOpenings',
      summary: 'Read who opened a referral of your own, with proofs',
      description: openingsWords,
      security: [{ bearer: ['referrals:submit'] }],
      params: ReferralParams,
      response: { 200: Openings },
    },
    handler: async ({ caller, params }) =>
      intake.readOpenings(knownCaller(caller), params.referralId),
  })
}

/** Sealed referrals of people without an account, each behind a proof of work. */
export const publicRoutes: FastifyPluginAsyncTypebox<{
  intake: Services['intake']
  proof: Services['proof']
}> = async (app, { intake, proof }) => {
  /** The SHA-256 of the body that each request's proof is for. */
  const promised = new WeakMap<FastifyRequest, string>()
  const parseJson = app.getDefaultJsonParser('error', 'error')

  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      if (encodeBase64url(sha256(body)) === promised.get(request)) {
        return parseJson(request, new TextDecoder().decode(body), done)
      }
      done(new Refusal('proof-required', 'the proof is for another body'))
    },
  )

  app.route({
    method: 'PUT',
    url: '/:referralId',
    config: { action: 'referral.submitted' },
    validatorCompiler: envelopeCompiler,
    // Before the body is read: a flood without proofs costs no more than its headers.
    onRequest: async (request) => {
      const header = request.headers['proof-of-work']
      promised.set(request, await proof.spendProof(request.caller, header))
    },
    schema: {
      operationId: 'submitWithoutAccount',
      summary: 'Submit a sealed referral without an account',
      description:
        'As `submitReferral`, signed with the key that a receipt gives, and with a proof of work in the header. The same bytes again, with a new proof, get the first acknowledgement again.',
      security: [],
      headers: ProofHeaders,
      params: ReferralParams,
      body: Envelope,
      response: { 200: Acknowledgement, 201: Acknowledgement },
    },
    handler: async ({ caller, ip, params, body }, reply) => {
      const { created, acknowledgement } = await intake.submitWithoutAccount(
        caller,
        params.referralId,
        body,
        await proof.sourceOf(caller, ip),
      )
      return reply.code(created ? 201 : 200).send(acknowledgement)
    },
  })
}

/** What the bearer of a receipt may know, beside the state (stateroutes.ts). */
export const receiptRoutes: FastifyPluginAsyncTypebox<{
  intake: Services['intake']
}> = async (app, { intake }) => {
  app.route({
    method: 'GET',
    url: '/receipt/referrals/:referralId/openings',
    config: { action: 'openings.read' },
    schema: {
      operationId: 'readOpeningsByReceipt',
      summary: 'Read who opened a referral that was sent under a receipt, with proofs',
      description: openingsWords,
      security: [{ receipt: [] }],
      params: ReferralParams,
      response: { 200: Openings },
    },
    handler: async ({ caller, params }) => intake.readOpenings(bearerOf(caller), params.referralId),
  })
}
