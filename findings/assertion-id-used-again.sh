#!/usr/bin/env bash
# Authlib 1.9.10 (PyPI), private_key_jwt (RFC 7523).
#
# Guessed: each client assertion that a client signs has an identifier (`jti`) of its own, whatever else the client
# is told to put into it, for a server that keeps the rule takes each identifier once (RFC 7523 section 3).
# Seen: so it is, until one claim is set by hand, such as the `aud` that a server wants. Then the first
# identifier is written into the caller's own dictionary, and each later assertion carries it again: the first token
# is issued, and the next is refused as a replay.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Authlib==1.9.10 requests==2.32.5
cat >assertions.py <<'PY'
from types import SimpleNamespace

from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey

key = ECKey.generate_key("P-256")
client = SimpleNamespace(client_id="clinic", client_secret=key)


def ids(**options):
    method = PrivateKeyJWT("https://as.example/token", alg="ES256", **options)
    signed = [method.sign(client, "https://as.example/token") for _ in range(3)]
    return {jwt.decode(one, key).claims["jti"] for one in signed}


claims = {"aud": "https://as.example"}
print("identifiers of three assertions, nothing set:", len(ids()))
print("identifiers of three assertions, `aud` set:", len(ids(claims=claims)))
print("what was set now also holds:", sorted(set(claims) - {"aud"}))
PY
seen=$(env/bin/python assertions.py)
printf '%s\n' "$seen"
[ "$seen" = 'identifiers of three assertions, nothing set: 3
identifiers of three assertions, `aud` set: 1
what was set now also holds: ['"'jti'"']' ]
