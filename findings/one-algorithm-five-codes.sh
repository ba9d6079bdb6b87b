#!/usr/bin/env bash
# double-metaphone 2.0.1, natural 8.1.1, talisman 1.1.4 (npm), Metaphone 0.6, DoubleMetaphone 1.2 (PyPI): the codes of
# one algorithm, Double Metaphone.
#
# Guessed: as the algorithm was published with its program, its libraries give the same two codes of a plain name, so
# that codes stored by one can be looked up by another.
# Seen: for each of seven usual names at least one of the five has another code. Metaphone has a letter more for the
# apostrophe of O'Brien and the hyphen of Al-Hassan; Jose begins with H or J, Hajji has one J or two, and natural
# leaves the last letter of Thomas out. Of Güneş and Škoda all but Metaphone drop the `ş` and the `Š`, so that the
# second is coded as if it were Kota.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts double-metaphone@2.0.1 natural@8.1.1 talisman@1.1.4 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Metaphone==0.6 DoubleMetaphone==1.2
cat >codes.mjs <<'JS'
import { createRequire } from 'node:module'
import { doubleMetaphone } from 'double-metaphone'

const require = createRequire(import.meta.url)
const { log } = console
console.log = () => {}
const natural = require('natural')
const talisman = require('talisman/phonetics/double-metaphone')
const libraries = {
  'double-metaphone': doubleMetaphone,
  natural: (name) => new natural.DoubleMetaphone().process(name),
  talisman: talisman.default ?? talisman,
}
for (const [library, code] of Object.entries(libraries))
  log(library, ...process.argv.slice(2).map((name) => code(name)[0]))
JS
cat >codes.py <<'PY'
import sys

from doublemetaphone import doublemetaphone as c
from metaphone import doublemetaphone as python

for name, code in {"Metaphone": python, "DoubleMetaphone": c}.items():
    print(name, *(code(one)[0] for one in sys.argv[1:]))
PY
names=("O'Brien" Al-Hassan Jose Hajji Thomas Güneş Škoda)
seen=$(node codes.mjs "${names[@]}"; env/bin/python codes.py "${names[@]}")
echo "$seen"
[ "$seen" = 'double-metaphone APRN ALSN HS HJJ TMS KN KT
natural APRN ALSN JS HJ TM KN KT
talisman APRN ALSN HS HJ TMS KN KT
Metaphone AAPRN ALLSN JS HJ TMS KNS SKT
DoubleMetaphone APRN ALSN HS HJ TMS KN KT' ]
