/**
 * What an orchestrator asks, the API document, and the pages that a problem's `type` leads to. Answers
 * are unrecorded; refusals are summed.
 */
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Type from 'typebox'
import type { Database } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import type { KeyPlace } from '../matching/keyholders.ts'
import type { Services } from '../services.ts'
import { yearWithoutHolidays } from '../triage/calendar.ts'

/** Written once, and sent as text. */
export const ApiDocument = Type.Unsafe<string>(
  Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
)
export const Status = Type.Object({
  status: Type.Enum(['ok']),
  matchingKey: Type.Optional(
    Type.Enum(['apart', 'embedded', 'none'], {
      description:
        'Of `/readyz`: where the matching key is, in a process apart, in this one, or nowhere',
    }),
  ),
  logKey: Type.Optional(
    Type.Enum(['named', 'not-named'], {
      description:
        'Of `/readyz`: whether the newest keyset names a key that this replica signs the access log with',
    }),
  ),
  holidaysMissing: Type.Optional(
    Type.Integer({
      description:
        'Of `/readyz`: the year that begins soon, or began, of which this version knows no bank holidays',
    }),
  ),
})
/** How often a drain looks for connections that have fallen idle. */
const sweepEveryMs = 50
const problemsPage = new URL('../../docs/PROBLEMS.md', import.meta.url)

type Options = {
  database: Database
  isStanding?: () => boolean
  logHalted?: () => string | undefined
  matchingKey: KeyPlace
  directory: Pick<Services['directory'], 'logKeys'>
  /** What checkpoints are signed with, base64url; left out where nothing is signed here. */
  logKeys?: readonly string[]
}

export const health: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { database, isStanding = () => true, logHalted = () => undefined, ...options },
) => {
  const { matchingKey, directory, logKeys } = options
  // A connection that is busy when the drain begins is kept alive after its answer, and a drain
  // that waits for its client to let go is cut by whoever ends the process.
  let sweep: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    sweep = setInterval(() => app.server.closeIdleConnections(), sweepEveryMs)
  })
  app.addHook('onClose', async () => clearInterval(sweep))

  app.route({
    method: 'GET',
    url: '/livez',
    schema: {
      operationId: 'isAlive',
      summary: 'The process answers',
      security: [],
      response: { 200: Status },
    },
    handler: async () => ({ status: 'ok' as const }),
  })

  app.route({
    method: 'GET',
    url: '/readyz',
    schema: {
      operationId: 'isReady',
      summary: 'The service can serve: its database answers',
      security: [],
      response: { 200: Status },
    },
    handler: async ({ id }) => {
      try {
        await database.ping()
      } catch (cause) {
        throw new Refusal('not-ready', 'the database does not answer', { cause })
      }
      // With a wrong login it would serve what it must not, until it is found out and ends.
      if (!isStanding()) throw new Refusal('not-ready', 'the login of the database is not checked')
      const halted = logHalted()
      if (halted !== undefined) {
        throw new Refusal('not-ready', `the access log is not continued: ${halted}`)
      }
      const holidaysMissing = yearWithoutHolidays(new Date())
      const missing = holidaysMissing === undefined ? {} : { holidaysMissing }
      const ready = { status: 'ok' as const, matchingKey, ...missing }
      if (!logKeys) return ready
      const named = await directory.logKeys({ kind: 'system', request: id })
      const isNamed = logKeys.some((key) => named.includes(key))
      return { ...ready, logKey: isNamed ? ('named' as const) : ('not-named' as const) }
    },
  })

  let document: string | undefined
  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: {
      operationId: 'getApiDocument',
      summary: 'Read this document',
      security: [],
      response: { 200: ApiDocument },
    },
    handler: async (_, reply) => {
      document ??= JSON.stringify(app.swagger())
      return reply.type('application/json').send(document)
    },
  })

  app.route({
    method: 'GET',
    url: '/problems/:code',
    schema: {
      operationId: 'explainProblem',
      summary: 'What a problem code means and what to do, in Markdown',
      security: [],
      params: Type.Object({ code: Type.String({ pattern: '^[a-z-]{1,40}$' }) }),
      response: { 200: { content: { 'text/markdown': { schema: Type.String() } } } },
    },
    handler: async ({ params }, reply) => {
      const page = await readFile(problemsPage, 'utf8')
      const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${params.code}\n`))
      if (!section) throw new Refusal('not-found', 'there is no problem of that code')
      return reply.type('text/markdown; charset=utf-8').send(section)
    },
  })
}
