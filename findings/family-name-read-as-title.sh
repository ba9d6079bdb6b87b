#!/usr/bin/env bash
# nameparser 2.6.0 (PyPI), humanparser 2.7.0 and parse-full-name 1.2.7 (npm): given and family name of two words.
#
# Guessed: of two words the one is the given name and the other the family name, whatever they are in English.
# Seen: each of the three leaves a name out, and not of the same people. `Vi` at the end is the sixth of that name
# (nameparser), `Ma` a Master of Arts (humanparser), and no family name is left;
# `Sultan Shah` has a title and no given name, `Prince Osei` a title and no family name (nameparser); `Van Tran` is
# one family name like `van Dyck` (parse-full-name). A match by family name compares nothing.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts humanparser@2.7.0 parse-full-name@1.2.7 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check nameparser==2.6.0
cat >names.py <<'PY'
import sys

from nameparser import HumanName

for one in sys.argv[1:]:
    name = HumanName(one)
    print(f"{one}: given={name.first} family={name.last} rest={name.title}{name.suffix}")
PY
cat >names.cjs <<'JS'
const { parseName } = require('humanparser')
const { parseFullName } = require('parse-full-name')
const [, , which, ...names] = process.argv
for (const one of names) {
  const human = parseName(one)
  const full = parseFullName(one)
  const [given, family, rest] =
    which === 'humanparser'
      ? [human.firstName, human.lastName, human.suffix ?? '']
      : [full.first, full.last, full.title + full.suffix]
  console.log(`${one}: given=${given} family=${family} rest=${rest}`)
}
JS
names=('Hoang Vi' 'Sultan Shah' 'Prince Osei' 'Anh Ma' 'Van Tran')
python=$(env/bin/python names.py "${names[@]}")
human=$(node names.cjs humanparser "${names[@]}")
full=$(node names.cjs parse-full-name "${names[@]}")
printf '%s\n' nameparser "$python" humanparser "$human" parse-full-name "$full"
[ "$python" = 'Hoang Vi: given=Hoang family= rest=Vi
Sultan Shah: given= family=Shah rest=Sultan
Prince Osei: given=Osei family= rest=Prince
Anh Ma: given=Anh family=Ma rest=
Van Tran: given=Van family=Tran rest=' ]
[ "$human" = 'Hoang Vi: given=Hoang family=Vi rest=
Sultan Shah: given=Sultan family=Shah rest=
Prince Osei: given=Prince family=Osei rest=
Anh Ma: given=Anh family= rest=Ma
Van Tran: given=Van family=Tran rest=' ]
[ "$full" = 'Hoang Vi: given=Hoang family=Vi rest=
Sultan Shah: given=Sultan family=Shah rest=
Prince Osei: given=Prince family=Osei rest=
Anh Ma: given=Anh family=Ma rest=
Van Tran: given= family=Van Tran rest=' ]
