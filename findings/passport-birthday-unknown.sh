#!/usr/bin/env bash
# mrz 5.0.2 (npm) and mrz 0.6.2 (PyPI): the machine readable lines of a travel document.
#
# Guessed: both take what ICAO 9303 allows, and that includes the documents of refugees: a birthday of which only the
# year or nothing is known, written with `<` and right check digits, and the codes XXA, XXB and XXC (stateless
# person, refugee under the Convention, other refugee) as nationality.
# Seen: npm's takes them all, and returns the birthday as it stands. PyPI's says of each whose birthday has a `<` that
# the document is not valid, and of XXC; XXA and XXB it takes.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts mrz@5.0.2 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mrz==0.6.2
cat >passports.py <<'PY'
import json

from mrz.checker.td3 import TD3CodeChecker


def checked(text):
    values = (0 if one == "<" else int(one, 36) for one in text)
    return text + str(sum(value * (7, 3, 1)[i % 3] for i, value in enumerate(values)) % 10)


def passport(nationality="XXB", born="860101"):
    first = "P<GBRYUSUF<<AMINA".ljust(44, "<")
    number, born, expires = checked("AA1234567"), checked(born), checked("300101")
    last = checked(number + born + expires + "<" * 15)[-1]
    return [first, number + nationality + born + "F" + expires + "<" * 15 + last]


cases = {
    "all known": passport(),
    "year known": passport(born="86<<<<"),
    "nothing known": passport(born="<<<<<<"),
    "XXA": passport(nationality="XXA"),
    "XXC": passport(nationality="XXC"),
}
with open("cases.json", "w") as file:
    json.dump(cases, file)
for name, lines in cases.items():
    print("PyPI", name, bool(TD3CodeChecker("\n".join(lines))))
PY
cat >passports.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { parse } from 'mrz'

for (const [name, lines] of Object.entries(JSON.parse(readFileSync('cases.json', 'utf8')))) {
  const { valid, fields } = parse(lines)
  console.log('npm', name, valid, fields.birthDate)
}
JS
seen=$(env/bin/python passports.py; node passports.mjs)
echo "$seen"
[ "$seen" = 'PyPI all known True
PyPI year known False
PyPI nothing known False
PyPI XXA True
PyPI XXC False
npm all known true 860101
npm year known true 86<<<<
npm nothing known true <<<<<<
npm XXA true 860101
npm XXC true 860101' ]
