/** The OpenAPI 3.1 document, from the same schemas that the routes are held to. */
import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { scopes } from '../caller.ts'
import { problems } from './problems.ts'

/** What any operation may answer instead: RFC 9457, with the members that are ours. */
const problem = {
  description: 'A refusal: what was wrong, where, and what to do.',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status'],
        properties: {
          type: { type: 'string', format: 'uri-reference' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string', description: 'Names fields, ids and limits; never a value.' },
          instance: { type: 'string', format: 'uri', description: 'The id to ask us about.' },
          code: { type: 'string', enum: Object.keys(problems).sort() },
          stored: { type: 'boolean', description: 'Whether anything of the request was kept.' },
          retry: { type: 'string', enum: ['never', 'later', 'after-refresh'] },
          next: { type: 'string', description: 'The next step, in words.' },
          errors: {
            type: 'array',
            items: {
              type: 'object',
              properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
            },
          },
        },
      },
    },
  },
}

export const openapi = fp(async (app) => {
  await app.register(swagger, {
    transform: ({ schema, url }) => ({
      schema: { ...schema, response: { ...(schema.response as object), default: problem } },
      url,
    }),
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Referral Intake',
        version: '1',
        description:
          'Sealed medical referrals for people in immigration detention. Every refusal is an ' +
          'RFC 9457 problem document with a stable `code`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT (RFC 9068)',
            description: Object.entries(scopes)
              .map(([scope, meaning]) => `\`${scope}\`: ${meaning}`)
              .join('\n\n'),
          },
        },
      },
    },
  })
})
