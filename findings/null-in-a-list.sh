#!/usr/bin/env bash
# postgres 3.4.9 and pg 8.16.3 (npm) with PostgreSQL 18.6 (npm @electric-sql/pglite 0.5.14, pglite-socket 0.2.17):
# lists with a null in them, as array_agg() makes them of a column with gaps.
#
# Guessed: a null in a list is null in JavaScript, as a null in a row is, and as pg reads it.
# Seen: postgres reads the word NULL by the list's type. Of texts and of bigints it is the text 'NULL', which nothing
# sets apart from a person of that name; of integers NaN, of booleans `false`, of times an invalid Date. So
# "nobody knows" becomes "no", without a word. Written, each null is right.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts --legacy-peer-deps postgres@3.4.9 pg@8.16.3 \
  @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 >/dev/null
cat >lists.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import postgres from 'postgres'

const server = new PGLiteSocketServer({ db: await PGlite.create(), port: 0, host: '127.0.0.1' })
await server.start()
const url = `postgres://postgres@${server.getServerConn()}/postgres`
const query = `select array['NULL', null] as texts, array[1, null] as integers, array[2::bigint, null] as bigints,
  array[true, null] as booleans, array[timestamptz 'epoch', null] as times`
const told = (name, row) =>
  console.log(name, ...Object.entries(row).map(([type, [, second]]) => `${type}: ${typeof second} ${second};`))

const sql = postgres(url, { max: 1 })
told('postgres', (await sql.unsafe(query))[0])
const [{ written }] = await sql`select (${['a', null]}::text[])[2] is null as written`
console.log('postgres, written:', written)
await sql.end()
const client = new pg.Client(url)
await client.connect()
told('pg', (await client.query(query)).rows[0])
process.exit(0)
JS
seen=$(timeout 60 node lists.mjs)
echo "$seen"
[ "$seen" = 'postgres texts: string NULL; integers: number NaN; bigints: string NULL; booleans: boolean false; times: object Invalid Date;
postgres, written: true
pg texts: object null; integers: object null; bigints: object null; booleans: object null; times: object null;' ]
