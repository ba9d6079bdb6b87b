#!/usr/bin/env bash
# uuid7 0.1.0 and uuid6 2025.0.1 (PyPI): identifiers of version 7 (RFC 9562).
#
# Guessed: what says version 7 begins with the milliseconds since 1970, so that identifiers of several services sort by
# time together, and a database can tell when one was made.
# Seen: those of uuid7 follow a draft that counted seconds in the first 36 bits, and carry the same 7. Read by the RFC
# they are of a day more than a century ahead, and they sort behind every one that another library or PostgreSQL
# makes until then.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check uuid7==0.1.0 uuid6==2025.0.1
cat >made.py <<'PY'
from datetime import datetime, timedelta, timezone

import uuid6
import uuid_extensions

now = datetime.now(timezone.utc)
made = {"uuid6": uuid6.uuid7(), "uuid7": uuid_extensions.uuid7()}
for name, one in made.items():
    since = {"the RFC": timedelta(milliseconds=one.int >> 80), "the draft": timedelta(seconds=one.int >> 92)}
    at = {reading: datetime.fromtimestamp(0, timezone.utc) + passed for reading, passed in since.items()}
    by = [reading for reading in at if abs(at[reading] - now) < timedelta(minutes=5)]
    ahead = "more than a century ahead" if at["the RFC"].year > now.year + 100 else "now"
    print(f"{name}: version {one.version}, made now by {by[0]}; read by the RFC: {ahead}")
print("in order:", *sorted(made, key=lambda name: str(made[name])))
PY
seen=$(env/bin/python made.py)
echo "$seen"
[ "$seen" = 'uuid6: version 7, made now by the RFC; read by the RFC: now
uuid7: version 7, made now by the draft; read by the RFC: more than a century ahead
in order: uuid6 uuid7' ]
