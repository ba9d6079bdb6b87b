#!/usr/bin/env bash
# chrono-node 2.10.3, any-date-parser 2.2.4 (npm), dateparser 1.5.0 (PyPI): days as letters in Britain say them, read
# on Sunday 29 November 2026 at noon.
#
# Guessed: `two weeks today` and `Tuesday week` are read as meant (13 and 8 December) or not at all; and a library
# that takes `9.30 tomorrow` takes the 9.30.
# Seen: of `two weeks today` two libraries make this very day, and dateparser a fortnight ago. chrono's British
# reading makes `Tuesday week` this Tuesday, and `Friday week` the Friday before. Of `9.30 tomorrow` only chrono has
# the time: the other two have midnight, and the hour at which the letter is read.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts chrono-node@2.10.3 any-date-parser@2.2.4 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check dateparser==1.5.0
export TZ=UTC
cat >read.mjs <<'JS'
import anyDate from 'any-date-parser'
import * as chrono from 'chrono-node'

const now = new Date('2026-11-29T12:00:00Z')
const RealDate = Date
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length ? args : [now]))
  }
  static now() {
    return now.getTime()
  }
}
const shown = (date) => (date && !Number.isNaN(date.getTime()) ? date.toISOString().slice(5, 16) : 'not read')
for (const text of process.argv.slice(2)) {
  console.log(`chrono, ${text}: ${shown(chrono.en.GB.parseDate(text, now))}`)
  console.log(`any-date-parser, ${text}: ${shown(anyDate.fromString(text, 'en-GB'))}`)
}
JS
cat >read.py <<'PY'
import sys
from datetime import datetime

import dateparser

settings = {"RELATIVE_BASE": datetime(2026, 11, 29, 12)}
for text in sys.argv[1:]:
    day = dateparser.parse(text, languages=["en"], region="GB", settings=settings)
    print(f"dateparser, {text}:", day.isoformat()[5:16] if day else "not read")
PY
texts=('two weeks today' 'Tuesday week' 'Friday week' '9.30 tomorrow' '10 days ago')
seen=$(node read.mjs "${texts[@]}"; env/bin/python -W ignore read.py "${texts[@]}")
echo "$seen"
[ "$seen" = 'chrono, two weeks today: 11-29T12:00
any-date-parser, two weeks today: 11-29T00:00
chrono, Tuesday week: 12-01T12:00
any-date-parser, Tuesday week: not read
chrono, Friday week: 11-27T12:00
any-date-parser, Friday week: not read
chrono, 9.30 tomorrow: 11-30T09:30
any-date-parser, 9.30 tomorrow: 11-30T00:00
chrono, 10 days ago: 11-19T12:00
any-date-parser, 10 days ago: 11-19T12:00
dateparser, two weeks today: 11-15T12:00
dateparser, Tuesday week: not read
dateparser, Friday week: not read
dateparser, 9.30 tomorrow: 11-30T12:00
dateparser, 10 days ago: 11-19T12:00' ]
