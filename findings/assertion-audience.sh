#!/usr/bin/env bash
# Authlib 1.9.10, requests_oauth2client 1.8.0 (PyPI), oauth4webapi 3.8.8, openid-client 6.9.0 (npm): what a client
# assertion (private_key_jwt, RFC 7523) says by default.
#
# Guessed: since the OpenID Foundation's notice on audiences in 2025 a client library names the issuer as the one
# audience, as Node's do, and lets an assertion live for about a minute.
# Seen: both libraries of Python name the token endpoint, also where the issuer was given. Authlib's assertions
# live for an hour, and a private key in PEM that is no RSA key is refused although ES256 was asked for: a key
# object is needed.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts oauth4webapi@3.8.8 openid-client@6.9.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Authlib==1.9.10 requests==2.32.5 requests_oauth2client==1.8.0
cat >assertion.mjs <<'JS'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const server = { issuer: 'https://as.example', token_endpoint: 'https://as.example/token' }
const told = (name) => async (_, { body }) => {
  const assertion = new URLSearchParams(String(body)).get('client_assertion')
  const { aud, iat, exp } = JSON.parse(Buffer.from(assertion.split('.')[1], 'base64url'))
  console.log(name, [aud].flat().join(' '), exp - iat)
  return Response.json({ access_token: 'x', token_type: 'bearer', expires_in: 60 })
}
const client = { client_id: 'clinic' }
const options = { [oauth.customFetch]: told('oauth4webapi') }
await oauth.clientCredentialsGrantRequest(server, client, oauth.PrivateKeyJwt(privateKey), {}, options)
const configuration = new openid.Configuration(server, 'clinic', {}, openid.PrivateKeyJwt(privateKey))
configuration[openid.customFetch] = told('openid-client')
await openid.clientCredentialsGrant(configuration)
JS
cat >assertion.py <<'PY'
from types import SimpleNamespace

from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import InvalidKeyTypeError
from joserfc.jwk import ECKey
from jwskate import Jwk
from requests_oauth2client import OAuth2Client

endpoint = "https://as.example/token"
secret = ec.generate_private_key(ec.SECP256R1())
pem = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
key = ECKey.import_key(pem)


def tell(name, assertion):
    claims = jwt.decode(assertion, key).claims
    print(name, claims["aud"], claims["exp"] - claims["iat"])


method = PrivateKeyJWT(endpoint, alg="ES256")
tell("Authlib", method.sign(SimpleNamespace(client_id="clinic", client_secret=key), endpoint))
signing = Jwk(dict(key.as_dict(private=True), alg="ES256")).with_kid_thumbprint()
other = OAuth2Client(endpoint, issuer="https://as.example", client_id="clinic", private_key=signing)
tell("requests_oauth2client", str(other.auth.client_assertion(endpoint)))
try:
    method.sign(SimpleNamespace(client_id="clinic", client_secret=pem.decode()), endpoint)
except InvalidKeyTypeError as error:
    print("Authlib, ES256 and a key in PEM:", error.description)
PY
seen=$(node assertion.mjs; env/bin/python assertion.py)
printf '%s\n' "$seen"
[ "$seen" = "oauth4webapi https://as.example 60
openid-client https://as.example 60
Authlib https://as.example/token 3600
requests_oauth2client https://as.example/token 60
Authlib, ES256 and a key in PEM: Not a key of: 'RSA'" ]
