#!/usr/bin/env bash
# postgres 3.4.9 and pg 8.16.3 (npm), psycopg 3.2.10 with its own libpq (PyPI): `sslmode=verify-full` and a host
# that is an IP address, on a server whose certificate names that very address.
#
# Guessed: the certificate is good for all three, as it is for a browser and for curl.
# Seen: psycopg, and so libpq, goes on behind the handshake; both drivers of Node refuse the certificate and ask
# for one of `localhost`, which is nowhere in the connection string. They give Node's TLS a socket and no name
# where the host is an address, and it falls back to that name. So a string that works in psql and in a backup's
# script stops the service.
set -euo pipefail
cd "$(mktemp -d)"
trap 'kill $server 2>/dev/null || true; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts postgres@3.4.9 pg@8.16.3 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.2.10'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj '/CN=database' \
  -addext 'subjectAltName=IP:127.0.0.1' -keyout key.pem -out cert.pem 2>/dev/null

# What PostgreSQL does up to the handshake: an `S` for the request of TLS, then TLS. Then it hangs up.
cat >server.cjs <<'JS'
const { readFileSync, writeFileSync } = require('node:fs')
const net = require('node:net')
const tls = require('node:tls')
const secureContext = tls.createSecureContext({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') })
net
  .createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('S')
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext })
      secure.on('error', () => {})
      secure.once('data', () => secure.destroy())
    })
  })
  .listen(0, '127.0.0.1', function () {
    writeFileSync('port', String(this.address().port))
  })
JS
node server.cjs &
server=$!
until [ -s port ]; do sleep 0.1; done
url="postgres://somebody@127.0.0.1:$(cat port)/database?sslmode=verify-full"

cat >drivers.cjs <<'JS'
const pg = require('pg')
const postgres = require('postgres')
const [, , url] = process.argv
const said = ({ code, message }) => `${code}: ${/Host: (\S+)\./.exec(message)?.[1] ?? message}`
const sql = postgres(url, { max: 1 })
sql`select 1`.catch(async (error) => {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect().catch((other) => console.log(`${said(error)}; ${said(other)}`))
  process.exit(0)
})
JS
drivers=$(NODE_EXTRA_CA_CERTS=cert.pem NODE_NO_WARNINGS=1 node drivers.cjs "$url")
libpq=$(env/bin/python - "$url&sslrootcert=$PWD/cert.pem" <<'PY'
import sys
import psycopg

try:
    psycopg.connect(sys.argv[1], connect_timeout=5)
except psycopg.OperationalError as error:
    print("certificate refused" if "certificate" in str(error) else "behind the handshake")
PY
)
echo "postgres; pg: $drivers"
echo "psycopg: $libpq"
[ "$drivers" = 'ERR_TLS_CERT_ALTNAME_INVALID: localhost; ERR_TLS_CERT_ALTNAME_INVALID: localhost' ]
[ "$libpq" = 'behind the handshake' ]
