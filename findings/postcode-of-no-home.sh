#!/usr/bin/env bash
# postcode 5.1.0, postcode-validator 3.10.22 (npm), uk-postcode-utils 1.1, UkPostcodeParser 1.1.2 (PyPI): postcodes of
# Britain that stand in health data and on no letter box.
#
# Guessed: where it matters libraries agree: on the codes that the NHS writes for people without a fixed address (ZZ99
# 3VZ) or with none known in England (ZZ99 3CZ), and on a last part that no postcode has (a C in it).
# Seen: npm's two take all three, Python's two none, so that a form in the browser lets a patient through whom a
# Python service then refuses, and a slip of the pen passes the form. On Gibraltar and the Girobank's old GIR 0AA the
# two of Python part as well; BFPO numbers, which letters to the forces bear, none of them knows.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts postcode@5.1.0 postcode-validator@3.10.22 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check uk-postcode-utils==1.1 UkPostcodeParser==1.1.2
cat >valid.mjs <<'JS'
import { isValid } from 'postcode'
import { postcodeValidator } from 'postcode-validator'

const codes = process.argv.slice(2)
console.log('postcode:', codes.filter((code) => isValid(code)).join(', '))
console.log('postcode-validator:', codes.filter((code) => postcodeValidator(code, 'GB')).join(', '))
JS
cat >valid.py <<'PY'
import sys

from ukpostcodeparser.parser import parse_uk_postcode
from ukpostcodeutils.validation import is_valid_postcode


def parsed(code):
    try:
        return parse_uk_postcode(code)
    except ValueError:
        return None


codes = sys.argv[1:]
print("uk-postcode-utils:", ", ".join(code for code in codes if is_valid_postcode(code.replace(" ", ""))))
print("UkPostcodeParser:", ", ".join(code for code in codes if parsed(code)))
PY
codes=('TW6 1EW' 'ZZ99 3VZ' 'ZZ99 3CZ' 'GX11 1AA' 'BFPO 57' 'GIR 0AA' 'TW6 1EC')
seen=$(node valid.mjs "${codes[@]}"; env/bin/python valid.py "${codes[@]}")
echo "$seen"
[ "$seen" = 'postcode: TW6 1EW, ZZ99 3VZ, ZZ99 3CZ, GX11 1AA, TW6 1EC
postcode-validator: TW6 1EW, ZZ99 3VZ, ZZ99 3CZ, GX11 1AA, TW6 1EC
uk-postcode-utils: TW6 1EW, GX11 1AA
UkPostcodeParser: TW6 1EW, GIR 0AA' ]
