import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import type { Services } from '../services.ts'
import {
  Aside,
  AsideParams,
  AsideRequest,
  ItemParams,
  ItemParkingRequest,
  ParkingRequest,
  WakingRequest,
} from './parkingschemas.ts'
import { ClaimParams } from './schemas.ts'

const security = [{ bearer: ['triage:work'] }]

/** For whoever has nothing to do yet: by the holder, and by a person without a claim. */
export const parkingRoutes: FastifyPluginAsyncTypebox<{ triage: Services['triage'] }> = async (
  app,
  { triage },
) => {
  app.route({
    method: 'POST',
    url: '/claims/:claimId/parking',
    config: { action: 'triage.parked' },
    schema: {
      operationId: 'parkClaim',
      summary: 'Park an item that you hold, until a time or until something comes in',
      security,
      params: ClaimParams,
      body: ParkingRequest,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, body }, reply) => {
      await triage.park(knownCaller(caller), params.claimId, body)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'POST',
    url: '/items/:itemId/parking',
    config: { action: 'triage.parked' },
    schema: {
      operationId: 'parkItem',
      summary: 'Park an item that nobody holds',
      security,
      params: ItemParams,
      body: ItemParkingRequest,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, body }, reply) => {
      await triage.parkItem(knownCaller(caller), params.itemId, body)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'POST',
    url: '/items/:itemId/waking',
    config: { action: 'triage.woken' },
    schema: {
      operationId: 'wakeItem',
      summary: 'Wake an item that is parked: it goes back to its place in the queue',
      security,
      params: ItemParams,
      body: WakingRequest,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, body }, reply) => {
      await triage.wake(knownCaller(caller), params.itemId, body)
      return reply.code(204).send(null)
    },
  })

  asideRoutes(app, triage)
}

function asideRoutes(
  app: Parameters<FastifyPluginAsyncTypebox>[0],
  triage: Services['triage'],
): void {
  app.route({
    method: 'POST',
    url: '/asides',
    config: { action: 'triage.parked' },
    schema: {
      operationId: 'setItemsAside',
      summary: 'Set a burst of waiting, unverified items aside by one act',
      security,
      body: AsideRequest,
      response: { 200: Aside },
    },
    handler: async ({ caller, body }) => triage.setItemsAside(knownCaller(caller), body),
  })

  app.route({
    method: 'POST',
    url: '/asides/:asideId/waking',
    config: { action: 'triage.woken' },
    schema: {
      operationId: 'wakeItemsAside',
      summary: 'Bring back what one act set aside and what is still aside',
      security,
      params: AsideParams,
      response: { 200: Aside },
    },
    handler: async ({ caller, params }) =>
      triage.wakeItemsAside(knownCaller(caller), params.asideId),
  })
}
