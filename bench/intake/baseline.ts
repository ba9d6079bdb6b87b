/**
 * The raw limit: the same server, token check, driver and schema validation, and then one INSERT of
 * the body's bytes. What is missing is everything that this product is for.
 */
import fastifyJwt from '@fastify/jwt'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import postgres from 'postgres'
import { readPublicKey } from '../../src/access/token.ts'
import { createVerification } from '../../src/access/verification.ts'
import { readConfig } from '../../src/config/server.ts'
import { Envelope } from '../../src/protocol/envelope/envelope.ts'

const config = readConfig()
const sql = postgres(config.databaseUrl ?? '', { max: config.databaseConnectionsMax })
const app = Fastify({ bodyLimit: 512 * 1024 })
app.setValidatorCompiler(TypeBoxValidatorCompiler)
const audience = `https://${config.origin}`
const trialKey = await readPublicKey(config.tokenKeyFile)
const verification = createVerification({ audience, trialKey, issuer: () => '' })
await app.register(fastifyJwt, verification.options)
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
