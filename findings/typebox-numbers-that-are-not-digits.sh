#!/usr/bin/env bash
# typebox 1.4.3 with @fastify/type-provider-typebox 6.3.0, beside Fastify 5.12.8's own validator (Ajv 8).
#
# Guessed: a query parameter that is an integer by its schema is taken from decimal digits and refused
# otherwise, whichever of Fastify's two usual validators holds it.
# Seen: with TypeBox `1.5` is cut to 1, an empty text and `false` are 0, `true` is 1 and `0x10` is 16; a client
# that sent nonsense gets an answer to another question. Ajv refuses the first four, and takes `0x10` as well.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts typebox@1.4.3 fastify@5.12.8 @fastify/type-provider-typebox@6.3.0 >/dev/null
cat >numbers.mjs <<'JS'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { Type } from 'typebox'

for (const compiler of [TypeBoxValidatorCompiler, undefined]) {
  const app = Fastify()
  if (compiler) app.setValidatorCompiler(compiler)
  const querystring = Type.Object({ limit: Type.Integer() })
  app.get('/', { schema: { querystring } }, async ({ query }) => `${query.limit}`)
  const answers = ['7', '1.5', '', 'true', 'false', '0x10'].map(async (limit) => {
    const { statusCode, body } = await app.inject({ url: '/', query: { limit } })
    return statusCode === 200 ? body : statusCode
  })
  console.log(compiler ? 'typebox' : 'ajv', ...(await Promise.all(answers)))
}
JS
seen=$(node numbers.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'typebox 7 1 0 1 0 16
ajv 7 400 400 400 400 16' ]
