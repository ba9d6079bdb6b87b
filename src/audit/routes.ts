import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import { knownCaller } from '../caller.ts'
import { Refusal } from '../errors.ts'
import { pageRows } from '../protocol/page.ts'
import type { Services } from '../services.ts'
import { ProvenEntry } from './provenschemas.ts'
import {
  BundleParams,
  EntriesPage,
  EntriesQuery,
  EntryParams,
  ExportQuery,
  Exposure,
  ExposureQuery,
  LogParams,
  ReferralAccess,
  ReferralParams,
  TileParams,
} from './schemas.ts'

const text = { content: { 'text/plain': { schema: Type.String() } } }
const bytes = {
  content: {
    'application/octet-stream': {
      schema: Type.Unsafe<Uint8Array>(Type.String({ format: 'binary' })),
    },
  },
}

const mediaTypes = { ndjson: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' } as const

const fileText = Type.Unsafe<ReadableStream<string>>(Type.String())
const entriesFile = {
  content: { 'application/x-ndjson': { schema: fileText }, 'text/csv': { schema: fileText } },
}

/** A tile never changes: of one that is not full the wider has another name. */
const forEver = 'public, max-age=31536000, immutable'

/** The read side of the access log: an entry is only ever appended by the act it records. */
export const auditRoutes: FastifyPluginAsyncTypebox<{ audit: Services['audit'] }> = async (
  app,
  { audit },
) => {
  app.route({
    method: 'GET',
    url: '/entries',
    config: { action: 'audit.searched' },
    schema: {
      operationId: 'listAuditEntries',
      summary: 'List entries of the access log, newest first',
      security: [{ bearer: ['audit:read'] }],
      querystring: EntriesQuery,
      response: { 200: EntriesPage },
    },
    handler: async (request) => {
      const { limit = pageRows, ...query } = request.query
      return audit.list(knownCaller(request.caller), withBounds(query), limit)
    },
  })
}

/** The entries as one file. */
export const exportRoutes: FastifyPluginAsyncTypebox<{ audit: Services['audit'] }> = async (
  app,
  { audit },
) => {
  app.route({
    method: 'GET',
    url: '/export',
    config: { action: 'audit.exported' },
    schema: {
      operationId: 'exportAuditEntries',
      summary: 'Export entries of the access log, newest first',
      description:
        'All that fit, an entry a line. `ndjson` has the entries as the list shows them. `csv` is for ' +
        'spreadsheets: without leaf and salts, and a value that begins with `=`, `+`, `-`, `@`, a tab or a ' +
        "carriage return stands behind a `'`. An answer that breaks off is not whole.",
      security: [{ bearer: ['audit:read'] }],
      querystring: ExportQuery,
      response: { 200: entriesFile },
    },
    handler: async ({ caller, query }, reply) => {
      const { format, ...filter } = query
      const file = await audit.exportFile(knownCaller(caller), withBounds(filter), format)
      return reply.type(mediaTypes[format]).send(file)
    },
  })
}

/** Proofs of single entries. */
export const proofOfEntryRoutes: FastifyPluginAsyncTypebox<{ audit: Services['audit'] }> = async (
  app,
  { audit },
) => {
  app.route({
    method: 'GET',
    url: '/entries/:id/proof',
    config: { action: 'audit.proved' },
    schema: {
      operationId: 'proveAuditEntry',
      summary: 'Read the proof that an entry is in the access log',
      description:
        'Under the newest checkpoint. An entry has its place a second or two after its act.',
      security: [{ bearer: ['audit:read'] }],
      params: EntryParams,
      response: { 200: ProvenEntry },
    },
    handler: async ({ caller, params }) => audit.prove(knownCaller(caller), params.id),
  })
}

/** Who could have opened what. Nothing that is sealed is read for it. */
export const exposureRoutes: FastifyPluginAsyncTypebox<{ audit: Services['audit'] }> = async (
  app,
  { audit },
) => {
  app.route({
    method: 'GET',
    url: '/referrals/:referralId/access',
    config: { action: 'audit.traced' },
    schema: {
      operationId: 'readReferralAccess',
      summary: 'Read who could open a referral',
      description:
        'The recipient keys that it was sealed to, and the clients bound to them. Who did is in the log.',
      security: [{ bearer: ['audit:read'] }],
      params: ReferralParams,
      response: { 200: ReferralAccess },
    },
    handler: async ({ caller, params }) =>
      audit.referralAccess(knownCaller(caller), params.referralId),
  })

  app.route({
    method: 'GET',
    url: '/exposure',
    config: { action: 'audit.traced' },
    schema: {
      operationId: 'listExposure',
      summary: 'List what a recipient key opens, or a client could ask for',
      description:
        'Either `kid` or `client`. A key opens whatever was sealed to it and received before `to`: `from` ' +
        'changes nothing. A client could ask within `from` and `to` for what was received before `to`, ' +
        'unless it was not yet there or shut out before. A page may have fewer than its limit, and not be the last.',
      security: [{ bearer: ['audit:read'] }],
      querystring: ExposureQuery,
      response: { 200: Exposure },
    },
    handler: async ({ caller, query }) => {
      const { limit = pageRows, ...asked } = query
      return audit.exposure(knownCaller(caller), withBounds(asked), limit)
    },
  })
}

/** The published log, in the form of C2SP tlog-tiles. */
export const logRoutes: FastifyPluginAsyncTypebox<{ audit: Services['audit'] }> = async (
  app,
  { audit },
) => {
  app.route({
    method: 'GET',
    url: '/:n/checkpoint',
    schema: {
      operationId: 'getLogCheckpoint',
      summary: 'Read the newest checkpoint of the access log',
      description:
        'A signed note, as C2SP tlog-checkpoint says: origin, size and root of the tree.',
      security: [],
      params: LogParams,
      response: { 200: text },
    },
    handler: async ({ caller, params }, reply) =>
      reply.type('text/plain; charset=utf-8').send(await audit.checkpoint(caller, params.n)),
  })

  app.route({
    method: 'GET',
    url: '/:n/tile/entries/*',
    config: { action: 'audit.fetched' },
    schema: {
      operationId: 'getLogEntries',
      summary: 'Read a bundle of entries of the access log',
      description: 'Up to 256 entries, each behind its length in two bytes (C2SP tlog-tiles).',
      security: [{ bearer: ['audit:read'] }],
      params: BundleParams,
      response: { 200: bytes },
    },
    handler: async ({ caller, params }, reply) => {
      const bundle = await audit.bundle(
        knownCaller(caller),
        params.n,
        `tile/entries/${params['*']}`,
      )
      return reply.type('application/octet-stream').send(bundle)
    },
  })

  app.route({
    method: 'GET',
    url: '/:n/tile/:level/*',
    schema: {
      operationId: 'getLogTile',
      summary: 'Read a hash tile of the access log',
      description: 'Up to 256 hashes of 32 bytes (C2SP tlog-tiles).',
      security: [],
      params: TileParams,
      response: { 200: bytes },
    },
    handler: async ({ caller, params }, reply) => {
      const { n, level } = params
      const tile = await audit.tile(caller, n, `tile/${level}/${params['*']}`)
      return reply.type('application/octet-stream').header('cache-control', forEver).send(tile)
    },
  })
}

function withBounds<Query extends { from?: string; to?: string }>({ from, to, ...rest }: Query) {
  return {
    ...rest,
    ...(from && { from: boundOf('from', from) }),
    ...(to && { to: boundOf('to', to) }),
  }
}

/**
 * The schema has seen the form. 30 February has it too, and would be read as a day of March; and so have the
 * days of a year 0, which PostgreSQL does not know.
 */
function boundOf(name: string, text: string): { moment: Date } | { day: string } {
  const day = text.slice(0, 10)
  const moment = new Date(text)
  const isRead = !Number.isNaN(moment.getTime()) && moment.toISOString().slice(0, 10) === day
  const isReal = isRead && day >= '0001'
  if (isReal) return text === day ? { day } : { moment }
  throw new Refusal('malformed-request', `${name} names a day that there is not`)
}
