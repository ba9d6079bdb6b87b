#!/usr/bin/env bash
# tuspy 1.1.0 (PyPI) against @tus/server 2.4.5 with @tus/file-store 2.1.1, beside tus-js-client 4.3.1 (npm): an upload
# without metadata.
#
# Guessed: the client of one language sends a file to the server of another with no more than its address: metadata is
# optional in the protocol, and both are its authors' own.
# Seen: tuspy then sends an empty Upload-Metadata, and the server answers 400: not a byte is taken until some metadata
# is given. tus-js-client leaves the field out. An empty value for a key is taken from both.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @tus/server@2.4.5 @tus/file-store@2.1.1 tus-js-client@4.3.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check tuspy==1.1.0
cat >server.mjs <<'JS'
import { createServer } from 'node:http'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const tus = new Server({ path: '/files', datastore: new FileStore({ directory: 'files' }) })
const http = createServer((request, response) => tus.handle(request, response))
http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}/files`))
JS
mkdir files
node server.mjs >url &
server=$!
until [ -s url ]; do sleep 0.1; done
cat >send.py <<'PY'
import io
import sys

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

for name, metadata in {"no metadata": {}, "a key without a value": {"consent": ""}}.items():
    uploader = TusClient(sys.argv[1]).uploader(file_stream=io.BytesIO(b"letter"), metadata=metadata)
    try:
        uploader.upload()
        print(f"tuspy, {name}: {uploader.offset} bytes taken")
    except TusCommunicationError as error:
        print(f"tuspy, {name}: {error.status_code}")
PY
cat >send.mjs <<'JS'
import tus from 'tus-js-client'

for (const [name, metadata] of Object.entries({ 'no metadata': {}, 'a key without a value': { consent: '' } })) {
  let taken = 0
  await new Promise((onSuccess, onError) => {
    const onProgress = (bytes) => {
      taken = bytes
    }
    const options = { endpoint: process.argv[2], metadata, onSuccess, onError, onProgress }
    new tus.Upload(Buffer.from('letter'), options).start()
  })
  console.log(`tus-js-client, ${name}: ${taken} bytes taken`)
}
JS
seen=$(env/bin/python send.py "$(cat url)"; node send.mjs "$(cat url)")
echo "$seen"
[ "$seen" = 'tuspy, no metadata: 400
tuspy, a key without a value: 6 bytes taken
tus-js-client, no metadata: 6 bytes taken
tus-js-client, a key without a value: 6 bytes taken' ]
