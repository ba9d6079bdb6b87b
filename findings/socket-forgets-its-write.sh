#!/usr/bin/env bash
# node 24.21.0 (npm): a socket whose `write` was replaced.
#
# Guessed: a method set on one socket stays its own, before `connect()` as after it, as on any object. A driver that
# takes a socket from its caller (postgres.js: the option `socket`) then writes through it.
# Seen: `connect()` puts the prototype's `write` back without a word. Set after `connect()`, still before there is a
# connection, it stays, and is called. A replaced `cork` stays either way.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent node@24.21.0 >/dev/null
cat >socket.mjs <<'JS'
import { createServer, Socket } from 'node:net'

const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const { port } = server.address()
const replaced = (socket, seen) => {
  const { write, cork } = socket
  socket.write = (...args) => (seen.push('write'), write.apply(socket, args))
  socket.cork = () => (seen.push('cork'), cork.call(socket))
  return socket
}
for (const when of ['before', 'after']) {
  const seen = []
  const socket = new Socket()
  if (when === 'before') replaced(socket, seen)
  socket.connect(port, '127.0.0.1')
  if (when === 'after') replaced(socket, seen)
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.cork()
  socket.write('x')
  socket.uncork()
  await new Promise((resolve) => socket.end(resolve))
  console.log(`replaced ${when} connect(): ${seen.join(' ')}`)
}
server.close()
JS
seen=$(node_modules/.bin/node socket.mjs)
echo "$seen"
[[ $seen == *'before connect(): cork'$'\n'* && $seen == *'after connect(): cork write' ]]
