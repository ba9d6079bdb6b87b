/**
 * Uploads as tus 1.0.0 has them, and what is handed out of them: for organisations and our own apps, for the bearer of a
 * receipt, and for recipients.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { bearerOf, type Caller, knownCaller, type SendingCaller } from '../caller.ts'
import { Refusal } from '../errors.ts'
import type { Services } from '../services.ts'
import {
  DocumentParams,
  NewUploadHeaders,
  Nothing,
  RecipientQuery,
  ReferralDocumentParams,
  SealedFile,
  UploadHeaders,
} from './schemas.ts'

type Options = { readonly documents: Services['documents'] }

/** The one type of a piece. */
const pieceType = 'application/offset+octet-stream'

/** Who comes through a door, and what the door is called. */
type Door = {
  readonly path: string
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly by: string
  readonly callerOf: (caller: Caller) => SendingCaller
}

const doors: readonly Door[] = [
  {
    path: '/documents',
    security: [{ bearer: ['documents:write'] }],
    by: '',
    callerOf: knownCaller,
  },
  {
    path: '/receipt/documents',
    security: [{ receipt: [] }],
    by: 'ByReceipt',
    callerOf: bearerOf,
  },
]

export const documentRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { documents }) => {
  // The piece stays in its stream, which the library reads: Fastify's limit of a body does not see it.
  app.addContentTypeParser(pieceType, (_request, _piece, done) => done(null))

  for (const door of doors) {
    await app.register(uploadsAt(door), { documents })
    await app.register(fetchingAt(door), { documents })
  }
  await app.register(limitRoutes, { documents })
  await app.register(openingRoutes, { documents })
}

/** What may be uploaded: asked before a referral is sent that names what would be refused after it. */
const limitRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { documents }) => {
  app.route({
    method: 'OPTIONS',
    url: '/documents',
    config: { action: 'document.begun' },
    schema: {
      operationId: 'askUploads',
      summary: 'Ask whether you may upload documents, and how long a sealed one may be',
      description:
        'As tus 1.0.0 has it: `Tus-Max-Size` is in bytes. A referral takes five times as much.',
      security: [{ bearer: ['documents:write'] }],
      response: { 204: Nothing },
    },
    handler: async (_request, reply) => limitsReply(reply, documents.bytesMax).code(204).send(),
  })
}

function uploadsAt({ path, security, by, callerOf }: Door): FastifyPluginAsyncTypebox<Options> {
  return async (app, { documents }) => {
    app.route({
      method: 'POST',
      url: path,
      config: { action: 'document.begun' },
      schema: {
        operationId: `beginDocument${by}`,
        summary: 'Begin the upload of a sealed document',
        description:
          'The creation of tus 1.0.0. The referral is stored already. The last piece is sent once the message or referral is stored that names the document. Safe to repeat.',
        security,
        headers: NewUploadHeaders,
        response: { 201: Nothing },
      },
      handler: async ({ caller, headers }, reply) => {
        const named = namedIn(headers['upload-metadata'])
        const bytes = Number(headers['upload-length'])
        await documents.begin(callerOf(caller), { ...named, bytes })
        return tusReply(reply).code(201).header('location', `/v1${path}/${named.id}`).send()
      },
    })

    app.route({
      method: 'HEAD',
      url: `${path}/:documentId`,
      config: { action: 'document.continued' },
      schema: {
        operationId: `locateDocument${by}`,
        summary: 'Ask how far an upload is',
        security,
        params: DocumentParams,
      },
      handler: async (request, reply) => {
        const { caller, headers, params } = request
        const asked = { method: 'HEAD', headers } as const
        const { documentId } = params
        const { offset, bytes } = await documents.proceed(callerOf(caller), documentId, asked)
        return tusReply(reply).headers({ 'upload-offset': offset, 'upload-length': bytes }).send()
      },
    })

    app.route({
      method: 'PATCH',
      url: `${path}/:documentId`,
      // A client's day of documents counted every byte of the file when it was begun.
      config: { action: 'document.continued', countsOnce: true },
      schema: {
        operationId: `continueDocument${by}`,
        summary: 'Upload the next piece of a sealed document',
        description: `As tus 1.0.0 has it. The body is of the type \`${pieceType}\`; of one that breaks off, what came is kept.`,
        security,
        params: DocumentParams,
        headers: UploadHeaders,
        response: { 204: Nothing },
      },
      handler: async (request, reply) => {
        const { caller, headers, params, raw } = request
        if (headers['content-type'] !== pieceType) {
          throw new Refusal('unsupported-media-type', `the body is not ${pieceType}`)
        }
        const asked = { method: 'PATCH', headers, piece: raw } as const
        const { offset } = await documents.proceed(callerOf(caller), params.documentId, asked)
        return tusReply(reply).code(204).header('upload-offset', offset).send()
      },
    })
  }
}

function fetchingAt({ path, security, by, callerOf }: Door): FastifyPluginAsyncTypebox<Options> {
  return async (app, { documents }) => {
    app.route({
      method: 'GET',
      url: `${path}/:documentId`,
      exposeHeadRoute: false,
      config: { action: 'document.opened' },
      schema: {
        operationId: `fetchDocument${by}`,
        summary: 'Fetch a sealed document of a referral that you sent',
        description: rangeWords,
        security,
        params: DocumentParams,
        response: { 200: SealedFile },
      },
      handler: async (request, reply) => {
        const asked = { id: request.params.documentId }
        const from = fromOf(request)
        return sendPart(reply, await documents.fetch(callerOf(request.caller), asked, from))
      },
    })
  }
}

/** What recipients fetch. */
const openingRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { documents }) => {
  app.route({
    method: 'GET',
    url: '/referrals/:referralId/documents/:documentId',
    exposeHeadRoute: false,
    config: { action: 'document.opened' },
    schema: {
      operationId: 'openDocument',
      summary: 'Receive a sealed document of a referral for one of your recipient keys',
      description: rangeWords,
      security: [{ bearer: ['referrals:open'] }, { bearer: ['cases:export'] }],
      params: ReferralDocumentParams,
      querystring: RecipientQuery,
      response: { 200: SealedFile },
    },
    handler: async (request, reply) => {
      const { referralId, documentId } = request.params
      const asked = { id: documentId, referralId, kid: request.query.recipient }
      const from = fromOf(request)
      return sendPart(reply, await documents.fetch(knownCaller(request.caller), asked, from))
    },
  })
}

const rangeWords =
  'With `Range: bytes=N-` from there on, as 206 (RFC 9110, section 14). Each answer is an entry of the log; of what the caller uploaded itself, many may be one.'

function limitsReply(reply: FastifyReply, bytesMax: number): FastifyReply {
  const tus = { 'tus-version': '1.0.0', 'tus-extension': 'creation' }
  return reply.headers({ ...tus, 'tus-max-size': bytesMax })
}

function tusReply(reply: FastifyReply): FastifyReply {
  return reply.header('tus-resumable', '1.0.0')
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The two ids of `Upload-Metadata`: there is no place for a name. @throws Refusal `malformed-request` */
function namedIn(metadata: string): { id: string; referralId: string } {
  const pairs = metadata.split(',').map((pair) => {
    const [name = '', value = ''] = pair.trim().split(' ')
    return [name, Buffer.from(value, 'base64').toString()] as const
  })
  const { referral, document, ...others } = Object.fromEntries(pairs)
  if (!uuid.test(referral ?? '') || !uuid.test(document ?? '') || Object.keys(others).length > 0) {
    const detail = 'Upload-Metadata is not `referral` and `document`, each with an id in base64'
    throw new Refusal('malformed-request', detail)
  }
  return { id: document ?? '', referralId: referral ?? '' }
}

/** Where the range begins that is asked for; any other kind of range is answered with all of it, as one may. */
function fromOf({ headers }: FastifyRequest): number | undefined {
  const [, from] = /^bytes=([0-9]{1,15})-$/.exec(headers.range ?? '') ?? []
  return from === undefined ? undefined : Number(from)
}

function sendPart(
  reply: FastifyReply,
  { file, first, last, bytes }: Awaited<ReturnType<Services['documents']['fetch']>>,
) {
  reply.headers({ 'accept-ranges': 'bytes', 'content-length': last - first + 1 })
  if (first > 0) reply.code(206).header('content-range', `bytes ${first}-${last}/${bytes}`)
  return reply.type('application/octet-stream').send(file)
}
