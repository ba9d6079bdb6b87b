#!/usr/bin/env bash
# @fastify/etag 6.2.0 with fastify 5.12.8, and fresh 2.0.0 (npm), the one that Express and others use: If-None-Match.
#
# Guessed: as RFC 9110 has it, the field may list several tags or be `*`, and it makes a 304 of reading alone; a write
# that it forbids is not carried out and answered with 412.
# Seen: @fastify/etag knows only a single tag: of a list (a cache that has two versions sends one) and of `*` the body
# is sent again. And it looks at no method: a PUT is carried out and then answered with 304 and no body, by which
# a client learns that nothing changed. fresh takes the list and the `*`, and leaves the method to who calls it.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @fastify/etag@6.2.0 fastify@5.12.8 fresh@2.0.0 >/dev/null
cat >ask.mjs <<'JS'
import etag from '@fastify/etag'
import Fastify from 'fastify'
import fresh from 'fresh'

let written = 0
const app = Fastify()
await app.register(etag)
app.get('/', () => ({ urgency: 'soon' }))
app.put('/', () => {
  written += 1
  return { urgency: 'soon' }
})
const tag = (await app.inject('/')).headers.etag
for (const [name, field] of Object.entries({ 'the tag': tag, 'a list with it': `"old", ${tag}`, 'any': '*' })) {
  const { statusCode } = await app.inject({ url: '/', headers: { 'if-none-match': field } })
  console.log(`GET, ${name}: ${statusCode}, by fresh ${fresh({ 'if-none-match': field }, { etag: tag }) ? 304 : 200}`)
}
const put = await app.inject({ method: 'PUT', url: '/', headers: { 'if-none-match': tag } })
console.log(`PUT, the tag: ${put.statusCode}, written ${written} time, body of ${put.body.length} bytes`)
JS
seen=$(node ask.mjs)
echo "$seen"
[ "$seen" = 'GET, the tag: 304, by fresh 304
GET, a list with it: 200, by fresh 304
GET, any: 200, by fresh 304
PUT, the tag: 304, written 1 time, body of 0 bytes' ]
