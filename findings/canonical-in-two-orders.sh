#!/usr/bin/env bash
# cbor2 6.3.0 (PyPI), cborg 6.1.5 and cbor2 2.3.0 (npm): canonical CBOR, as signatures want it.
#
# Guessed: what a library writes with `canonical=True`, another's canonical form has byte for byte.
# Seen: Python's puts shorter keys first, as the older RFC 7049 has it; both of npm's sort by bytes, as RFC 8949 does. A
# map of the keys 100 and -1 is in two orders, and a signature over the one fails over the other. Keys of one length,
# as most tests have them, show nothing. And 100000.0 is a float in Python's, an integer in npm's.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts cborg@6.1.5 cbor2@2.3.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cbor2==6.3.0
cat >canonical.mjs <<'JS'
import { cdeEncodeOptions, encode as cbor2 } from 'cbor2'
import { encode as cborg, rfc8949EncodeOptions } from 'cborg'

const values = [new Map([[1, 0], [-1, 0]]), new Map([[100, 0], [-1, 0]]), 100000.0]
const shown = (name, encode) => console.log(name, ...values.map((one) => Buffer.from(encode(one)).toString('hex')))
shown('npm cborg', (one) => cborg(one, rfc8949EncodeOptions))
shown('npm cbor2', (one) => cbor2(one, cdeEncodeOptions))
JS
cat >canonical.py <<'PY'
import cbor2

values = [{1: 0, -1: 0}, {100: 0, -1: 0}, 100000.0]
print("PyPI cbor2", *(cbor2.dumps(one, canonical=True).hex() for one in values))
PY
seen=$(node canonical.mjs; env/bin/python canonical.py)
echo "$seen"
[ "$seen" = 'npm cborg a201002000 a21864002000 1a000186a0
npm cbor2 a201002000 a21864002000 1a000186a0
PyPI cbor2 a201002000 a22000186400 fa47c35000' ]
