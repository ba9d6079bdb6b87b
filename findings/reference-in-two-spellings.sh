#!/usr/bin/env bash
# @scure/base 2.4.0, crockford-base32 2.1.0 (npm) and base32-crockford 0.3.0 (PyPI): Crockford's base 32, for references
# that people read out.
#
# Guessed: the same bytes have the same spelling in each language, and as Crockford's page has it, hyphens between
# groups are passed over when a reference is read.
# Seen: Python's writes the bytes as one number, npm's as a row of bits filled up at the end: 1, 2, 3 is 20G3 in the one
# and 04106 in the others, and only where the bits fill the last letter do they mean the same. A hyphen is passed
# over by Python's and by crockford-base32, and refused by @scure/base.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @scure/base@2.4.0 crockford-base32@2.1.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check base32-crockford==0.3.0
cat >spell.mjs <<'JS'
import { base32crockford } from '@scure/base'
import { CrockfordBase32 } from 'crockford-base32'

const libraries = {
  '@scure/base': [(bytes) => base32crockford.encode(bytes), (text) => base32crockford.decode(text)],
  'crockford-base32': [(bytes) => CrockfordBase32.encode(Buffer.from(bytes)), (text) => CrockfordBase32.decode(text)],
}
for (const [name, [write, read]] of Object.entries(libraries)) {
  const spelled = [[1, 2, 3], [1, 2, 3, 4, 5]].map((bytes) => write(Uint8Array.from(bytes)))
  let hyphen = 'refused'
  try {
    hyphen = [...read('0410-6105')].join(' ')
  } catch {}
  console.log(`${name}: ${spelled.join(' ')}, with a hyphen: ${hyphen}`)
}
JS
cat >spell.py <<'PY'
import base32_crockford as crockford

spelled = [crockford.encode(int.from_bytes(bytes(one), "big")) for one in ([1, 2, 3], [1, 2, 3, 4, 5])]
print("base32-crockford:", *spelled, end=", ")
print("with a hyphen:", *crockford.decode("0410-6105").to_bytes(5, "big"))
PY
seen=$(node spell.mjs; env/bin/python spell.py)
echo "$seen"
[ "$seen" = '@scure/base: 04106 04106105, with a hyphen: refused
crockford-base32: 04106 04106105, with a hyphen: 1 2 3 4 5
base32-crockford: 20G3 4106105, with a hyphen: 1 2 3 4 5' ]
