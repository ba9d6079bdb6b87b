#!/usr/bin/env bash
# postgres 3.4.9 (npm): an array of fragments within a statement, and the same array when it is empty.
#
# Guessed: an array of fragments is put in one after the other, and an empty one adds nothing.
# Seen: the first is so. An empty array holds no fragment to be known by, and is taken for a value: the
# statement gets a `$1` where nothing should stand, and the server refuses it. So a search built of optional
# conditions works with any of them, and fails without.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts postgres@3.4.9 >/dev/null
cat >fragments.cjs <<'JS'
const net = require('node:net')
const postgres = require('postgres')
// What PostgreSQL says up to the first statement; then it shows what the statement was, and hangs up.
const server = net.createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => {
    socket.write(Buffer.from('520000000800000000' + '5a0000000549', 'hex'))
    socket.once('data', (parse) => {
      console.log(/select 1[^\0]*/.exec(parse.toString('latin1'))[0])
      socket.destroy()
    })
  })
})
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address()
  const options = { host: '127.0.0.1', port, user: 'u', database: 'd', max: 1, fetch_types: false }
  const shown = async (conditions) => {
    const sql = postgres(options)
    await sql`select 1 where true ${conditions(sql)}`.catch(() => {})
    await sql.end({ timeout: 0 })
  }
  await shown((sql) => [sql`and 1 = 1`, sql`and 2 = 2`])
  await shown(() => [])
  process.exit(0)
})
JS
seen=$(timeout 20 node fragments.cjs)
echo "$seen"
[ "$seen" = 'select 1 where true  and 1 = 1 and 2 = 2
select 1 where true $1' ]
