#!/usr/bin/env bash
# rfc8785 0.1.4, jcs 0.2.1 (PyPI) and canonicalize 5.1.0 (npm): canonical JSON (RFC 8785), read and written again.
#
# Guessed: what such a library writes, any of them can read by its language's own JSON and write again, and the bytes
# are the same: that is what makes a canonical form one. A number stands for a double, however it is spelled.
# Seen: rfc8785 writes 1e20 as RFC 8785 has it, with all its digits and no exponent; Python's `json` reads those
# as an integer, which rfc8785 then refuses. So it can't check a signature over its own text, nor over that of
# another library; 2**53 as a double it writes, too, and refuses to write again. jcs writes all of them again.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts canonicalize@5.1.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check rfc8785==0.1.4 jcs==0.2.1
cat >again.py <<'PY'
import json

import jcs
import rfc8785


def again(write, text):
    try:
        return write(json.loads(text)).decode() == text
    except ValueError as error:
        return type(error).__name__


for number in (1e20, float(2**53), 1e21):
    text = rfc8785.dumps(number).decode()
    print(f"{text}: rfc8785 {again(rfc8785.dumps, text)}, jcs {again(jcs.canonicalize, text)}")
PY
cat >again.mjs <<'JS'
import canonicalize from 'canonicalize'

for (const text of ['100000000000000000000', '9007199254740992', '1e+21'])
  console.log(`${text}: canonicalize ${canonicalize(JSON.parse(text)) === text}`)
JS
seen=$(env/bin/python again.py; node again.mjs)
echo "$seen"
[ "$seen" = '100000000000000000000: rfc8785 IntegerDomainError, jcs True
9007199254740992: rfc8785 IntegerDomainError, jcs True
1e+21: rfc8785 True, jcs True
100000000000000000000: canonicalize true
9007199254740992: canonicalize true
1e+21: canonicalize true' ]
