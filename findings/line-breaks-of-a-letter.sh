#!/usr/bin/env bash
# hl7 0.4.5, hl7apy 1.3.5 (PyPI), node-hl7-client 3.2.0, hl7-standard 1.0.4 (npm): a text of two lines in HL7 version
# 2.
#
# Guessed: a line break (\.br\) and an ampersand (\T\) in a field are a line break and an ampersand once a library has
# taken them out of their escapes, and a message that is read and written again is the same message.
# Seen: four libraries have four texts of `no rash\.br\fever \T\ chills`. hl7 takes both escapes out, node-hl7-client
# the ampersand's alone, hl7-standard none. hl7apy adds some: its `.br` has the backslashes escaped once more, also in
# the message that it was only asked to write again, where the next reader finds `\E\.br\E\` in place of a line.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts node-hl7-client@3.2.0 hl7-standard@1.0.4 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check hl7==0.4.5 hl7apy==1.3.5
cat >read.py <<'PY'
import sys

import hl7
from hl7apy.parser import parse_message

message = sys.argv[1].replace("\n", "\r")
parsed = hl7.parse(message)
print("hl7:", parsed.unescape(str(parsed.segment("NTE")[3])).replace("\r", "⏎"))
print("hl7, written again:", "the same" if str(parsed).strip() == message else "another")
other = parse_message(message, find_groups=False)
print("hl7apy:", other.nte.nte_3.value)
print("hl7apy, written again:", other.to_er7().split("|")[-1].strip())
PY
cat >read.mjs <<'JS'
import { createRequire } from 'node:module'
import standard from 'hl7-standard'

const client = createRequire(import.meta.url)('node-hl7-client')
const text = process.argv[2].replaceAll('\n', '\r')
const message = new client.Message({ text })
console.log('node-hl7-client:', String(message.get('NTE.3')))
console.log('node-hl7-client, written again:', message.toString() === text ? 'the same' : 'another')
const other = new standard(text)
other.transform(() => {})
console.log('hl7-standard:', other.get('NTE.3'))
JS
message='MSH|^~\&|CLINIC|A|HOSPITAL|B|20261129103000||ADT^A01|1|P|2.5
PID|1||9434765919^^^NHS
NTE|1||no rash\.br\fever \T\ chills'
seen=$(env/bin/python read.py "$message"; node read.mjs "$message")
echo "$seen"
[ "$seen" = 'hl7: no rash⏎fever & chills
hl7, written again: the same
hl7apy: no rash\E\.br\E\fever \T\ chills
hl7apy, written again: no rash\E\.br\E\fever \T\ chills
node-hl7-client: no rash\.br\fever & chills
node-hl7-client, written again: the same
hl7-standard: no rash\.br\fever \T\ chills' ]
