/** The OpenAPI 3.1 document, from the same schemas that the routes are held to. */
import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import * as Type from 'typebox'
import { mount } from '../access/authorization.ts'
import { scopes } from '../caller.ts'
import { Problem, withComponents } from './components.ts'

const tags = {
  public: 'The door for people without an account',
  receipt: 'What the bearer of a receipt may know and ask',
  referrals: 'Sealed referrals: in by a referrer, out to the holders of recipient keys',
  matching: 'Match keys: evaluated blinded, and checked by recipients',
  triage: 'The queue: claims with leases and fences',
  cases: 'Which referrals are about one person',
  trust: 'The signed keyset and directory',
  webhooks: 'A server of yours, told what becomes of items',
  audit: 'The access log',
  service: 'The service itself: whether it serves, and what its refusals mean',
}

/** By the path: `/v1/triage/items` is of `triage`. */
function tagOf(path: string): keyof typeof tags {
  const [, version, area = ''] = path.split('/')
  if (version !== 'v1') return 'service'
  return area in tags ? (area as keyof typeof tags) : 'trust'
}

const answers: Readonly<Record<string, string>> = {
  200: 'Done, or what was asked for',
  201: 'Stored',
  204: 'Done; there is no body',
}

/** What any operation may answer instead: RFC 9457, with the members that are ours. */
const refusal = {
  description: 'A refusal: what was wrong, where, and what to do',
  headers: {
    'retry-after': {
      description: 'After how many seconds the same request may fare better, if that is known',
      schema: Type.Integer(),
    },
    'www-authenticate': {
      description: 'With 401 and 403: what a token lacks (RFC 6750, section 3)',
      schema: Type.String(),
    },
  },
  content: { 'application/problem+json': { schema: Problem } },
}
const refused = { $ref: '#/components/responses/Problem' }

type Operation = {
  readonly description?: string
  readonly security: readonly {
    readonly bearer?: readonly string[]
    readonly receipt?: readonly []
  }[]
  readonly responses: Readonly<Record<string, object>>
  readonly parameters?: readonly { readonly name: string }[]
}

/** @param alternatives - scopes of which a caller needs all of one */
function accessOf(alternatives: readonly (readonly string[])[], isByReceipt: boolean): string {
  if (isByReceipt) return 'Needs a receipt, and no token.'
  if (alternatives.length === 0) return 'Open to all, without a token.'
  const words = alternatives.map((scopes) => `\`${scopes.join('` `')}\``)
  return `Needs the scope ${words.join(', or ')}.`
}

/** Signed in, or in a trial with a token made by hand. Scopes are for the tools of OAuth's flows to know. */
function securityOf(alternatives: readonly (readonly string[])[], isByReceipt: boolean) {
  if (isByReceipt) return [{ receipt: [] }]
  const signedIn = alternatives.map((scopes) => ({ oauth2: scopes }))
  return signedIn.length > 0 ? [...signedIn, { bearer: [] }] : []
}

/** An operation with what all have: a tag, who may ask, and how it refuses. */
function completed(path: string, { description, security, responses, ...rest }: Operation) {
  const needed = security.flatMap(({ bearer }) => (bearer ? [bearer] : []))
  const isByReceipt = security.some(({ receipt }) => receipt !== undefined)
  const access = accessOf(needed, isByReceipt)
  const described = Object.entries(responses).map(([status, response]) => {
    return [status, { ...response, description: answers[status] }]
  })
  return {
    ...rest,
    description: description ? `${description}\n\n${access}` : access,
    tags: [tagOf(path)],
    security: securityOf(needed, isByReceipt),
    responses: { ...Object.fromEntries(described), '4XX': refused, '5XX': refused },
  }
}

/** What a path ends in that has several parts. The router calls it `*`, which is no name elsewhere. */
function named({ parameters, ...operation }: Operation): Operation {
  if (!parameters) return operation
  const own = parameters.map((it) => (it.name === '*' ? { ...it, name: 'file' } : it))
  return { ...operation, parameters: own }
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

function completedPaths(paths: Paths) {
  const entries = Object.entries(paths).map(([path, operations]) => {
    const own = Object.entries(operations).map(([method, operation]) => {
      return [method, completed(path, named(operation))]
    })
    return [path.replace('{*}', '{file}'), Object.fromEntries(own)]
  })
  return Object.fromEntries(entries)
}

export const openapi = fp<{ origin: string }>(async (app, { origin }) => {
  await app.register(swagger, {
    transformObject: (written) => {
      if (!('openapiObject' in written)) return written.swaggerObject
      const { openapiObject } = written
      const paths = completedPaths(openapiObject.paths as unknown as Paths)
      return withComponents({ ...openapiObject, paths })
    },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Referral Intake',
        version: '1',
        description:
          'Sealed medical referrals for people in immigration detention. Every refusal is an ' +
          'RFC 9457 problem document with a stable `code`.',
        contact: { name: 'The administrator of the service' },
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [
        { url: '/', description: 'The service that serves this document' },
        {
          url: 'https://{origin}',
          description: 'A service by its name',
          variables: { origin: { default: origin } },
        },
      ],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: {
        responses: { Problem: refusal },
        securitySchemes: {
          receipt: {
            type: 'apiKey',
            in: 'header',
            name: 'authorization',
            description:
              '`Receipt` and the access tag of a receipt in base64url (docs/PROTOCOL.md, "Receipts").',
          },
          oauth2: {
            type: 'oauth2',
            description:
              'Client credentials with `private_key_jwt` (RFC 7523). The token is sent as `DPoP` with a proof for ' +
              'each request (RFC 9449); by a client with no other scopes than `referrals:submit` and ' +
              '`matching:evaluate` also as `Bearer`. `/oauth/.well-known/openid-configuration` says where.',
            flows: { clientCredentials: { tokenUrl: `${mount}/token`, scopes: { ...scopes } } },
          },
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT (RFC 9068)',
            description:
              'A token made by hand, in a trial on the loopback address. It has all scopes of its client.',
          },
        },
      },
    },
  })
})
