#!/usr/bin/env bash
# svix 1.99.1, standardwebhooks 1.1.1 (npm), svix 2.9.1, standardwebhooks 1.1.0 (PyPI): what the verifying of a
# webhook returns.
#
# Guessed: verify() returns what was sent, in one language as in the other, and takes the headers as the platform
# hands them over: the standard Headers object of fetch and its servers in Node.
# Seen: three of four return what was sent. svix's library for Python returns None for the same call, so that code
# which was moved there from Node goes on with nothing. Both libraries of Node say of the Headers object that the
# required headers are missing; spread into a plain object they are there.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts svix@1.99.1 standardwebhooks@1.1.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check svix==2.9.1 standardwebhooks==1.1.0
cat >verify.mjs <<'JS'
import * as standard from 'standardwebhooks'
import * as svix from 'svix'

const secret = Buffer.alloc(24, 1).toString('base64')
const body = '{"type":"referral.opened"}'
for (const [library, { Webhook }] of Object.entries({ svix, standardwebhooks: standard })) {
  const webhook = new Webhook(secret)
  const now = new Date()
  const sent = new Headers({
    'webhook-id': '1',
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': webhook.sign('1', now, body),
  })
  for (const [name, headers] of Object.entries({ 'a plain object': Object.fromEntries(sent), Headers: sent })) {
    try {
      console.log(`npm ${library}, ${name}: ${JSON.stringify(webhook.verify(body, headers))}`)
    } catch (error) {
      console.log(`npm ${library}, ${name}: ${error.message}`)
    }
  }
}
JS
cat >verify.py <<'PY'
import base64
import datetime

import standardwebhooks
from svix.webhooks import Webhook

secret = base64.b64encode(bytes([1] * 24)).decode()
body = '{"type":"referral.opened"}'
for library, kind in {"svix": Webhook, "standardwebhooks": standardwebhooks.Webhook}.items():
    webhook = kind(secret)
    now = datetime.datetime.now(datetime.UTC)
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign("1", now, body),
    }
    print(f"PyPI {library}: {webhook.verify(body, headers)}")
PY
seen=$(node verify.mjs; env/bin/python verify.py)
echo "$seen"
[ "$seen" = "npm svix, a plain object: {\"type\":\"referral.opened\"}
npm svix, Headers: Missing required headers
npm standardwebhooks, a plain object: {\"type\":\"referral.opened\"}
npm standardwebhooks, Headers: Missing required headers
PyPI svix: None
PyPI standardwebhooks: {'type': 'referral.opened'}" ]
