/**
 * The raw limit: the same server, token check, driver and schema validation, and then one INSERT of
 * the body's bytes. What is missing is everything that this product is for.
 */
import fastifyJwt from '@fastify/jwt'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import postgres from 'postgres'
import { readPublicKey, verification } from '../../src/access/token.ts'
import { readConfig } from '../../src/config/server.ts'
import { Envelope } from '../../src/protocol/envelope/envelope.ts'

const config = readConfig()
const sql = postgres(config.databaseUrl ?? '', { max: config.databaseConnectionsMax })
const app = Fastify({ bodyLimit: 512 * 1024 })
app.setValidatorCompiler(TypeBoxValidatorCompiler)
await app.register(
  fastifyJwt,
  verification(await readPublicKey(config.tokenKeyFile), config.origin),
)
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
  Object.assign(request, { bytes: body })
  done(null, JSON.parse(body.toString()))
})
app.put<{ Params: { id: string } }>(
  '/v1/referrals/:id',
  { onRequest: (request) => request.jwtVerify(), schema: { body: Envelope } },
  async (request, reply) => {
    const { bytes } = request as unknown as { bytes: Uint8Array }
    await sql`insert into baseline (id, body) values (${request.params.id}, ${bytes})`
    return reply.code(201).send({ referralId: request.params.id })
  },
)
await app.listen({ host: config.host, port: config.port })
console.log(`baseline listens on ${app.listeningOrigin}`)
