#!/usr/bin/env bash
# fhirpath 5.2.2 (npm) and fhirpathpy 2.2.4 (PyPI): one FHIRPath expression.
#
# Guessed: a rule about a patient's data that was tried in the browser means the same in the service: the language has
# a specification, and both libraries name it as what they do.
# Seen: in Python a gram is a thousand milligrams and a kilogram not a thousand grams, and 31 June is a date, which
# the npm library answers with nothing. -7 mod 3 is -1 in the one and 2 in the other. Where the one says that 39
# degrees are more than 38, the other raises a TypeError: no two measures can be compared there.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts fhirpath@5.2.2 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fhirpathpy==2.2.4
cat >rules.mjs <<'JS'
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'

for (const rule of process.argv.slice(2))
  console.log('npm:', rule, '→', fhirpath.evaluate({ resourceType: 'Patient' }, rule, null, r4).join() || 'nothing')
JS
cat >rules.py <<'PY'
import sys

from fhirpathpy import evaluate
from fhirpathpy.models import models

for rule in sys.argv[1:]:
    try:
        said = ",".join(map(str, evaluate({"resourceType": "Patient"}, rule, {}, models["r4"])))
    except TypeError:
        said = "TypeError"
    print("PyPI:", rule, "→", said.lower() if said in ("True", "False") else said)
PY
rules=("1 'g' = 1000 'mg'" "1 'kg' = 1000 'g'" "39 'Cel' > 38 'Cel'" "'1985-06-31'.toDate()" '(-7) mod 3')
seen=$(node rules.mjs "${rules[@]}"; env/bin/python rules.py "${rules[@]}" 2>/dev/null)
echo "$seen"
[ "$seen" = "npm: 1 'g' = 1000 'mg' → true
npm: 1 'kg' = 1000 'g' → true
npm: 39 'Cel' > 38 'Cel' → true
npm: '1985-06-31'.toDate() → nothing
npm: (-7) mod 3 → -1
PyPI: 1 'g' = 1000 'mg' → true
PyPI: 1 'kg' = 1000 'g' → false
PyPI: 39 'Cel' > 38 'Cel' → TypeError
PyPI: '1985-06-31'.toDate() → 1985-06-31
PyPI: (-7) mod 3 → 2" ]
