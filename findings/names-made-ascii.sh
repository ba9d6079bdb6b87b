#!/usr/bin/env bash
# Unidecode 1.4.0, anyascii 0.3.3 (PyPI), transliteration 2.6.1 (npm): names in ASCII, as a search by sound wants them.
#
# Guessed: each letter of a language that many people write becomes some letter; where a library lacks a letter, it is
# a rare one, and the same text in another form of Unicode comes out the same.
# Seen: Unidecode and transliteration, which write all of these alike, make an at sign of Azerbaijan's `Ə` (Əli is
# `@li`), leave out the first letter of Tigrinya's Isayas and all of a name in N'Ko, and of `سلام`, written with the
# forms that old systems and PDFs hold, leave only the last letter. anyascii keeps the letters of each, and writes
# the last two, which are one word, in two ways.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts transliteration@2.6.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Unidecode==1.4.0 anyascii==0.3.3
cat >ascii.py <<'PY'
import sys

from anyascii import anyascii
from unidecode import unidecode

for write in (unidecode, anyascii):
    print(write.__module__.partition(".")[0], *(f"<{write(name)}>" for name in sys.argv[1:]))
PY
names=(Əli ኢሳያስ ߡߎߛߊ سلام ﺳﻼم)
npm=$(node -e '
const { transliterate } = require("transliteration")
console.log("transliteration", ...process.argv.slice(1).map((name) => `<${transliterate(name)}>`))' "${names[@]}")
python=$(env/bin/python ascii.py "${names[@]}")
printf '%s\n' "${names[*]}" "$npm" "$python"
[ "$npm" = 'transliteration <@li> <saayaase> <> <slm> <m>' ]
[ "$python" = "unidecode <@li> <saayaase> <> <slm> <m>
anyascii <Eli> <'isayas> <musa> <slm> <slam>" ]
