#!/usr/bin/env bash
# libsodium-wrappers-sumo 0.8.4 (npm): the memory of hashes and streams that are worked off piece by piece.
#
# Guessed: a stream (crypto_secretstream) gives its memory back once its final chunk is written, as a hash in pieces
# (crypto_generichash) does with its last call; at the latest the garbage collector takes it.
# Seen: it gives back nothing. The state is a bare number, an address in the library's own memory that no call frees, so
# that a service keeps some 64 bytes for each stream that it ever began, until it is started anew: after 200,000 of
# them its memory has more than doubled, after as many hashes it has not moved.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts libsodium-wrappers-sumo@0.8.4 >/dev/null
cat >memory.mjs <<'JS'
import sodium from 'libsodium-wrappers-sumo'

await sodium.ready
const key = new Uint8Array(32)
const final = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
const size = () => sodium.libsodium.HEAPU8.length
const grown = (act) => {
  act()
  const before = size()
  for (let n = 0; n < 200_000; n++) act()
  return size() - before > 8e6 ? 'more than 8 MB' : size() === before ? 'nothing' : 'a little'
}
const hash = () => {
  const state = sodium.crypto_generichash_init(null, 32)
  sodium.crypto_generichash_final(state, 32)
  return typeof state
}
const stream = () => {
  const { state } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key)
  sodium.crypto_secretstream_xchacha20poly1305_push(state, '', null, final)
  return typeof state
}
console.log(`200,000 hashes keep ${grown(hash)}; the state of one is a ${hash()}`)
console.log(`200,000 streams keep ${grown(stream)}; the state of one is a ${stream()}`)
JS
seen=$(timeout 120 node memory.mjs)
echo "$seen"
[ "$seen" = '200,000 hashes keep nothing; the state of one is a number
200,000 streams keep more than 8 MB; the state of one is a number' ]
