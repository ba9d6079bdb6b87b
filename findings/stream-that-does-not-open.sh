#!/usr/bin/env bash
# libsodium-wrappers-sumo 0.8.4, sodium-native 5.1.0 (npm) and PyNaCl 1.6.2 (PyPI): how a sealed box and a chunk of a
# stream (crypto_secretstream) say that they do not open.
#
# Guessed: a library says it in one way. libsodium-wrappers throws for a box under another key, sodium-native returns
# `false`, and so each does for a stream.
# Seen: for a stream each does what the other does for a box: libsodium-wrappers returns `false`, of which `message` is
# `undefined`, and sodium-native throws. Code moved from the one to the other, or from boxes to streams, handles
# the case that cannot come. PyNaCl raises for both. A stream by any of the three opens in the other two.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts libsodium-wrappers-sumo@0.8.4 sodium-native@5.1.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check PyNaCl==1.6.2
cat >open.mjs <<'JS'
import wrappers from 'libsodium-wrappers-sumo'
import native from 'sodium-native'

await wrappers.ready
const said = (open) => {
  try {
    return open() === false ? 'false' : 'opened'
  } catch {
    return 'thrown'
  }
}
const zeros = (n) => Buffer.alloc(n)
const key = zeros(32).fill(1)
const other = zeros(32).fill(2)
const nonce = zeros(24)
const box = Buffer.from(wrappers.crypto_secretbox_easy('hello', nonce, key))
const { state, header } = wrappers.crypto_secretstream_xchacha20poly1305_init_push(key)
const final = wrappers.crypto_secretstream_xchacha20poly1305_TAG_FINAL
const chunk = Buffer.from(wrappers.crypto_secretstream_xchacha20poly1305_push(state, 'hello', null, final))
const byWrappers = (opener) => {
  const pull = wrappers.crypto_secretstream_xchacha20poly1305_init_pull(header, opener)
  return wrappers.crypto_secretstream_xchacha20poly1305_pull(pull, chunk, null)
}
const byNative = (opener) => {
  const pull = zeros(native.crypto_secretstream_xchacha20poly1305_STATEBYTES)
  native.crypto_secretstream_xchacha20poly1305_init_pull(pull, Buffer.from(header), opener)
  return native.crypto_secretstream_xchacha20poly1305_pull(pull, zeros(5), zeros(1), chunk, null)
}
for (const [whose, opener] of [['its own', key], ['another', other]]) {
  const boxes = [
    said(() => wrappers.crypto_secretbox_open_easy(box, nonce, opener)),
    said(() => native.crypto_secretbox_open_easy(zeros(5), box, nonce, opener)),
  ]
  const streams = [said(() => byWrappers(opener)), said(() => byNative(opener))]
  console.log(`${whose} key: libsodium-wrappers box ${boxes[0]} stream ${streams[0]}`)
  console.log(`${whose} key: sodium-native box ${boxes[1]} stream ${streams[1]}`)
}
console.error(Buffer.from(header).toString('hex'), box.toString('hex'), chunk.toString('hex'))
JS
cat >open.py <<'PY'
import sys

from nacl import bindings
from nacl.exceptions import CryptoError

header, box, chunk = map(bytes.fromhex, sys.argv[1:])


def said(act):
    try:
        act()
        return "opened"
    except (CryptoError, RuntimeError):
        return "raised"


def stream(key):
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    bindings.crypto_secretstream_xchacha20poly1305_pull(state, chunk, None)


for whose, key in {"its own": bytes([1] * 32), "another": bytes([2] * 32)}.items():
    opened = said(lambda: bindings.crypto_secretbox_open(box, bytes(24), key))
    print(f"{whose} key: PyNaCl box {opened} stream {said(lambda: stream(key))}")
PY
seen=$(node open.mjs 2>sealed; env/bin/python open.py $(cat sealed))
echo "$seen"
[ "$seen" = 'its own key: libsodium-wrappers box opened stream opened
its own key: sodium-native box opened stream opened
another key: libsodium-wrappers box thrown stream false
another key: sodium-native box false stream thrown
its own key: PyNaCl box opened stream opened
another key: PyNaCl box raised stream raised' ]
