#!/usr/bin/env bash
# tuspy 1.1.0 (PyPI) and tus-js-client 4.3.1 (npm): uploads that are kept in mind to be resumed.
#
# Guessed: a client takes up an upload again where it is the same file: the same content, or the same name and time.
# Seen: to tuspy it is the first 64 KiB and the size. Two scans of one form (bitmaps of the same size, white at the top)
# are one upload: of the second nothing is sent, upload() returns as if it were done, and its URL is the first
# one's, with the first one's content. tus-js-client sends both.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts tus-js-client@4.3.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check tuspy==1.1.0
# As much of the protocol as one upload takes.
cat >server.mjs <<'JS'
import { createServer } from 'node:http'

const uploads = []
const http = createServer(async (request, response) => {
  const sent = Buffer.concat(await request.toArray())
  let at = Number(request.url.split('/').pop())
  if (request.method === 'POST') at = uploads.push({ size: request.headers['upload-length'], bytes: Buffer.alloc(0) }) - 1
  if (request.method === 'PATCH') uploads[at].bytes = Buffer.concat([uploads[at].bytes, sent])
  const { size, bytes } = uploads[at]
  response.setHeader('Upload-Offset', bytes.length).setHeader('Upload-Length', size).setHeader('Tus-Resumable', '1.0.0')
  response.setHeader('Location', `/files/${at}`)
  response.statusCode = { POST: 201, PATCH: 204 }[request.method] ?? 200
  response.end(request.method === 'GET' ? bytes : undefined)
})
http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}/files`))
JS
node server.mjs >url &
server=$!
until [ -s url ]; do sleep 0.1; done
cat >send.py <<'PY'
import struct
import sys
import urllib.request

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage


def scan(pixels):
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    sizes = struct.pack("<IiiHHIIiiII", 40, 400, -400, 1, 8, 0, len(pixels), 2835, 2835, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(pixels), 0, 0, 1078) + sizes + palette + pixels


client = TusClient(sys.argv[1])
storage = FileStorage("uploads.json")
for name, grey in {"first.bmp": 0, "second.bmp": 128}.items():
    content = scan(bytes([255]) * 200 * 400 + bytes([grey]) * 200 * 400)
    with open(name, "wb") as file:
        file.write(content)
    uploader = client.uploader(name, store_url=True, url_storage=storage)
    already = uploader.offset
    uploader.upload()
    with urllib.request.urlopen(uploader.url) as stored:
        print(f"tuspy, {name}: {already} bytes are there before it begins, then its own: {stored.read() == content}")
PY
cat >send.mjs <<'JS'
import { createReadStream, readFileSync } from 'node:fs'
import tus from 'tus-js-client'

const urlStorage = new tus.FileUrlStorage('uploads-of-node.json')
for (const name of ['first.bmp', 'second.bmp']) {
  const upload = await new Promise((done, onError) => {
    const options = { endpoint: process.argv[2], urlStorage, onSuccess: () => done(upload), onError }
    const upload = new tus.Upload(createReadStream(name), options)
    upload.findPreviousUploads().then(([previous]) => {
      if (previous) upload.resumeFromPreviousUpload(previous)
      upload.start()
    })
  })
  const stored = Buffer.from(await (await fetch(upload.url)).arrayBuffer())
  console.log(`tus-js-client, ${name}: then its own: ${stored.equals(readFileSync(name))}`)
}
JS
seen=$(env/bin/python send.py "$(cat url)"; node send.mjs "$(cat url)")
echo "$seen"
[ "$seen" = 'tuspy, first.bmp: 0 bytes are there before it begins, then its own: True
tuspy, second.bmp: 161078 bytes are there before it begins, then its own: False
tus-js-client, first.bmp: then its own: true
tus-js-client, second.bmp: then its own: true' ]
