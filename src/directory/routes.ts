import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../services.ts'
import { DirectoryAnswer, KeysetAnswer, KeysetParams } from './schemas.ts'

/** The two signed documents. Whoever reads them verifies them against keys pinned at home. */
export const directoryRoutes: FastifyPluginAsyncTypebox<{
  directory: Services['directory']
}> = async (app, { directory }) => {
  app.route({
    method: 'GET',
    url: '/keyset',
    schema: {
      operationId: 'getKeyset',
      summary: 'Read the newest keyset: the keys that a referral is sealed to',
      security: [],
      response: { 200: KeysetAnswer },
    },
    handler: async ({ caller }) => directory.serveKeyset(caller),
  })

  app.route({
    method: 'GET',
    url: '/keyset/:version',
    schema: {
      operationId: 'getKeysetVersion',
      summary: 'Read an older keyset, to follow the chain of versions',
      security: [],
      params: KeysetParams,
      response: { 200: KeysetAnswer },
    },
    handler: async ({ caller, params }) => directory.serveKeyset(caller, params.version),
  })

  app.route({
    method: 'GET',
    url: '/directory',
    config: { action: 'directory.read' },
    schema: {
      operationId: 'getDirectory',
      summary: 'Read the directory: whose signatures a recipient may believe',
      security: [{ bearer: ['referrals:open'] }, { bearer: ['cases:export'] }],
      response: { 200: DirectoryAnswer },
    },
    handler: async ({ caller }) => directory.serveDirectory(caller),
  })
}
