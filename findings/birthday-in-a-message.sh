#!/usr/bin/env bash
# node-hl7-client 3.2.0 (npm) and hl7 0.4.5 (PyPI): a date of birth in HL7 version 2 (PID-7), read in London.
#
# Guessed: a birthday is a day, and one of which only the year or the month is known, as the standard allows, stays
# known in part.
# Seen: hl7 makes the first of January of a year and the first of a month, which nobody can later tell from a birthday
# that is known. node-hl7-client makes an invalid date of both, and of a whole day the midnight of that day where the
# service runs: in JSON a birthday in summer is the day before.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts node-hl7-client@3.2.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check hl7==0.4.5
export TZ=Europe/London
cat >birth.cjs <<'JS'
const { Message } = require('node-hl7-client')

for (const day of process.argv.slice(2)) {
  const text = `MSH|^~\\&|A|B|C|D|20261129||ADT^A01|1|P|2.5\rPID|1||9434765919||Neill^Ann||${day}|F`
  console.log(`node-hl7-client, ${day}:`, JSON.stringify(new Message({ text }).get('PID.7').toDate()))
}
JS
cat >birth.py <<'PY'
import sys

import hl7

for day in sys.argv[1:]:
    text = f"MSH|^~\\&|A|B|C|D|20261129||ADT^A01|1|P|2.5\rPID|1||9434765919||Neill^Ann||{day}|F"
    print(f"hl7, {day}:", hl7.parse_datetime(str(hl7.parse(text).segment("PID")[7])).isoformat())
PY
days=(1985 198506 19850601 19851201)
seen=$(node birth.cjs "${days[@]}"; env/bin/python birth.py "${days[@]}")
echo "$seen"
[ "$seen" = 'node-hl7-client, 1985: null
node-hl7-client, 198506: null
node-hl7-client, 19850601: "1985-05-31T23:00:00.000Z"
node-hl7-client, 19851201: "1985-12-01T00:00:00.000Z"
hl7, 1985: 1985-01-01T00:00:00
hl7, 198506: 1985-06-01T00:00:00
hl7, 19850601: 1985-06-01T00:00:00
hl7, 19851201: 1985-12-01T00:00:00' ]
