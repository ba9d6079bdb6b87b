#!/usr/bin/env bash
# standardwebhooks 1.1.0 (PyPI) and 1.1.1 (npm), of one repository: signing a webhook at a moment that carries its zone.
#
# Guessed: a moment is one, in whichever zone it is written, so that noon in UTC and 13:00 in London, in summer, are
# signed alike; that is what a datetime with a zone is for.
# Seen: Python's puts UTC in the place of the zone and keeps the hour, and signs another second than the one that any
# sender puts into `webhook-timestamp`. Its receivers refuse what it signed, from a sender in London in summer only.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts standardwebhooks@1.1.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 tzdata==2025.2
cat >sign.py <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

from standardwebhooks.webhooks import Webhook

webhook = Webhook("whsec_" + "AAAA" * 8)
for month in (1, 7):
    noon = datetime(2026, month, 1, 12, tzinfo=ZoneInfo("UTC"))
    london = noon.astimezone(ZoneInfo("Europe/London"))
    signed = [webhook.sign("m", moment, "{}") for moment in (noon, london)]
    print(f"month {month}: one moment {noon == london}, one signature {signed[0] == signed[1]}")
    print(int(noon.timestamp()), *signed)
PY
cat >sign.cjs <<'JS'
const { Webhook } = require('standardwebhooks')

const webhook = new Webhook(`whsec_${'AAAA'.repeat(8)}`)
const [, , seconds, ...signed] = process.argv
const own = webhook.sign('m', new Date(seconds * 1000), '{}')
console.log('Python as Node, in UTC and in London:', ...signed.map((one) => one === own))
JS
seen=$(env/bin/python sign.py | while read -r line; do
  # shellcheck disable=SC2086
  case $line in month*) echo "$line" ;; *) node sign.cjs $line ;; esac
done)
echo "$seen"
[ "$seen" = 'month 1: one moment True, one signature True
Python as Node, in UTC and in London: true true
month 7: one moment True, one signature False
Python as Node, in UTC and in London: true false' ]
