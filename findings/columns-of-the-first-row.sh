#!/usr/bin/env bash
# postgres 3.4.9 (npm) with PostgreSQL 18.6 (npm @electric-sql/pglite 0.5.14, pglite-socket 0.2.17): several rows in one
# `insert`, as objects, some of which leave out what the others have.
#
# Guessed: a column that any of the rows names is in the statement, and the rows without it get null or its default;
# or unlike rows are an error, in either order.
# Seen: the columns are those of the first row. Where it has fewer, what the others say of the rest is dropped without a
# word, and the column's default is stored in its place; the same rows the other way round are an error.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts --legacy-peer-deps postgres@3.4.9 \
  @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 >/dev/null
cat >rows.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import postgres from 'postgres'

const server = new PGLiteSocketServer({ db: await PGlite.create(), port: 0, host: '127.0.0.1' })
await server.start()
const sql = postgres(`postgres://postgres@${server.getServerConn()}/postgres`, { max: 1 })
await sql`create table letters (name text, urgency text default 'low')`
const rows = [{ name: 'first' }, { name: 'second', urgency: 'high' }]
for (const some of [rows, rows.toReversed()]) {
  const stored = await sql`insert into letters ${sql(some)} returning *`.catch(({ code }) => code)
  console.log(JSON.stringify(stored))
}
process.exit(0)
JS
seen=$(timeout 60 node rows.mjs)
echo "$seen"
[ "$seen" = '[{"name":"first","urgency":"low"},{"name":"second","urgency":"low"}]
"UNDEFINED_VALUE"' ]
