#!/usr/bin/env bash
# @tus/server 2.4.5 with @tus/file-store 2.1.1 (npm): the expiration of uploads.
#
# Guessed: an upload expires once nothing has come for the period that was set, for it is there to clear away what was
# given up; each piece that arrives moves Upload-Expires on.
# Seen: the period runs from the upload's creation whatever arrives, and Upload-Expires never moves. An upload that gets
# a piece every half second and may rest for two is refused with 410 before three have passed; over a slow line
# the period is a limit on the whole upload.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @tus/server@2.4.5 @tus/file-store@2.1.1 >/dev/null
mkdir files
cat >upload.mjs <<'JS'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const datastore = new FileStore({ directory: 'files', expirationPeriodInMilliseconds: 2000 })
const tus = new Server({ path: '/files', datastore })
const http = createServer((request, response) => tus.handle(request, response))
await new Promise((listening) => http.listen(0, '127.0.0.1', listening))
const ask = (method, url, headers, body) =>
  fetch(url, { method, headers: { 'Tus-Resumable': '1.0.0', ...headers }, body })
const created = await ask('POST', `http://127.0.0.1:${http.address().port}/files`, { 'Upload-Length': '20' })
const expires = new Set([created.headers.get('upload-expires')])
let status
for (let offset = 0; offset < 20 && status !== 410; offset++) {
  const headers = { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' }
  const patched = await ask('PATCH', created.headers.get('location'), headers, 'x')
  status = patched.status
  if (status === 204) expires.add(patched.headers.get('upload-expires'))
  await wait(500)
}
console.log(`a piece every half second, for two seconds without one: ${status}, ends named: ${expires.size}`)
http.close()
JS
seen=$(timeout 60 node upload.mjs)
echo "$seen"
[ "$seen" = 'a piece every half second, for two seconds without one: 410, ends named: 1' ]
