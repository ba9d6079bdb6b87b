#!/usr/bin/env bash
# libsodium-wrappers 0.8.4 (npm), its ES module in Node 20 and 24: how often `randombytes_buf(32)` asks the
# platform for randomness.
#
# Guessed: once, for 32 bytes, as WebCrypto's getRandomValues() gives up to 65,536 at a time.
# Seen: 32 times, for four bytes each, of which it keeps one; a hundred bytes are 100 calls, a key pair 32. In a
# service that salts every entry of a log the calls stood above the hashing in the profile.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts libsodium-wrappers@0.8.4 >/dev/null
cat >count.mjs <<'JS'
const sizes = []
const own = crypto.getRandomValues.bind(crypto)
crypto.getRandomValues = (array) => {
  sizes.push(array.byteLength)
  return own(array)
}
const { default: sodium } = await import('libsodium-wrappers')
await sodium.ready
const asked = (act) => {
  sizes.length = 0
  act()
  return `${sizes.length} calls of ${[...new Set(sizes)].join(' or ')} bytes`
}
console.log(`32 bytes: ${asked(() => sodium.randombytes_buf(32))}`)
console.log(`100 bytes: ${asked(() => sodium.randombytes_buf(100))}`)
console.log(`a key pair: ${asked(() => sodium.crypto_box_keypair())}`)
JS
seen=$(node count.mjs)
echo "$seen"
[ "$seen" = '32 bytes: 32 calls of 4 bytes
100 bytes: 100 calls of 4 bytes
a key pair: 32 calls of 4 bytes' ]
