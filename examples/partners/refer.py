"""Refers a draft: `python3 refer.py draft.json`. Needs Python 3.9, `intake`, and openssl 3.

Exit codes: 0, acknowledged; 1, refused, and a person has to look; 75, not answered yet: call it again.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

SETTINGS = os.environ  # from partner.env
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_by_client_key(message: bytes) -> bytes:
    """Ed25519 by openssl, because Python brings no signatures. The key goes in by a pipe."""
    key = json.loads(pathlib.Path(SETTINGS["INTAKE_CLIENT_KEY"]).read_text())
    seed = base64.urlsafe_b64decode(key["secrets"]["d"] + "=")
    pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + seed
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        sign = ["openssl", "pkeyutl", "-sign", "-rawin", "-in", file.name]
        sign += ["-keyform", "DER", "-inkey", "/dev/stdin"]
        return subprocess.run(sign, input=pkcs8, capture_output=True, check=True).stdout


def new_token() -> str:
    """Signs in (RFC 7523): the token is good for five minutes, an assertion for one call."""
    now = int(time.time())
    client = SETTINGS["INTAKE_CLIENT"]
    claims = {"iss": client, "sub": client, "aud": SETTINGS["INTAKE_ISSUER"]}
    claims |= {"jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
    parts = [{"alg": "Ed25519", "typ": "JWT"}, claims]
    signing = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    assertion = f"{signing}.{base64url(signed_by_client_key(signing.encode()))}"
    form = {"grant_type": "client_credentials", "client_assertion_type": BEARER}
    form |= {"client_assertion": assertion, "scope": "referrals:submit"}
    body = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(SETTINGS["INTAKE_TOKEN_ENDPOINT"], body, timeout=75) as answer:
        return json.load(answer)["access_token"]


def sealed(draft: pathlib.Path, kept: pathlib.Path) -> bytes:
    """The bytes that were kept, or new ones, which are on the disk before anything is sent."""
    if not kept.exists():
        if not draft.is_file():
            sys.exit(f"there is no draft {draft}")
        with draft.open("rb") as file:
            seal = subprocess.run(["intake", "seal", "--json"], stdin=file, capture_output=True)
        if seal.returncode != 0:
            print(seal.stderr.decode(), file=sys.stderr)
            sys.exit(75 if b'"retry":"later"' in seal.stderr else 1)
        part = kept.with_suffix(".part")
        with part.open("wb") as file:
            file.write(seal.stdout)
            file.flush()
            os.fsync(file.fileno())
        part.rename(kept)
    return kept.read_bytes()


def send(envelope: bytes):
    """The status, with the acknowledgement or the problem document (RFC 9457) of a refusal."""
    referral_id = json.loads(envelope)["header"]["referralId"]
    url = f"{SETTINGS['INTAKE_URL']}/v1/referrals/{referral_id}"
    headers = {"Authorization": f"Bearer {new_token()}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, envelope, headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=75) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def main() -> int:
    draft = pathlib.Path(sys.argv[1])
    kept = draft.with_suffix(".sealed")
    for _ in range(2):
        try:
            status, answer = send(sealed(draft, kept))
        except urllib.error.HTTPError as refused:  # no token: about you, too
            print(f"signing in was refused: {refused.read().decode()}", file=sys.stderr)
            return 75 if refused.code == 429 or refused.code >= 500 else 1
        except (OSError, KeyError, ValueError) as error:
            print(f"no answer; the bytes are kept in {kept}: {error}", file=sys.stderr)
            return 75
        if status in (200, 201):
            kept.unlink()
            print(f"acknowledged, with the reference {answer['reference']}")
            return 0
        print(f"{answer['title']} ({answer['code']}). {answer['next']}", file=sys.stderr)
        if answer["retry"] == "later":
            return 75
        if status in (401, 403):  # about you, and not about the bytes, which are kept
            return 1
        kept.unlink()  # refused: not stored, and never will be
        if answer["retry"] == "never":
            return 1
    return 1


sys.exit(main())
