# Verifies a webhook: `python3 verify.py SECRET-FILE HEADERS-FILE < body`. Needs `pip install standardwebhooks==1.1.0`.
import json
import sys

from standardwebhooks import Webhook

secret, headers = [open(file, encoding="utf-8").read() for file in sys.argv[1:3]]
body = sys.stdin.buffer.read().decode()
print(Webhook(secret.strip()).verify(body, json.loads(headers))["type"])
