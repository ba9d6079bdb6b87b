/**
 * Which pages may call from a browser (CORS): those whose origins are named, the routes for people without an
 * account and nothing else, and never with a cookie. It keeps out no program; it keeps a page that the
 * deployment does not know from showing people's answers.
 */
import type { FastifyInstance } from 'fastify'

const openRoutes = /^\/v1\/(public\/|receipt(?![^/?])|keyset(?![^/?]))/

/** The `upload-` ones and the next are those of tus 1.0.0. */
const allowedHeaders =
  'authorization, content-type, proof-of-work, range, tus-resumable, upload-length, upload-metadata, upload-offset'
const exposed =
  'date, retry-after, content-range, location, tus-resumable, upload-length, upload-offset'

/** So long a browser remembers what it was told. */
const rememberSeconds = 600

export function admitPages(
  app: Pick<FastifyInstance, 'addHook'>,
  formOrigins: readonly string[],
): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!openRoutes.test(request.url)) return
    reply.header('vary', 'origin')
    const { origin, 'access-control-request-method': asked } = request.headers
    if (origin === undefined || !formOrigins.includes(origin)) return
    reply.headers({
      'access-control-allow-origin': origin,
      // The client reads by them how long to wait, whether its clock is right, and how far an upload is.
      'access-control-expose-headers': exposed,
    })
    if (request.method !== 'OPTIONS' || asked === undefined) return
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, HEAD, PATCH, POST, PUT',
        'access-control-allow-headers': allowedHeaders,
        'access-control-max-age': rememberSeconds,
      })
      .send()
  })
}
