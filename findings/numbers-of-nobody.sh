#!/usr/bin/env bash
# nhs-number 2.2.0, python-stdnum 2.2 (PyPI) and nhs-number-validator 1.1.2 (npm): numbers of patients in Britain.
#
# Guessed: what people type where they do not know the number (ten times one digit) is refused, at least by a library
# that knows the ranges which are given out; a number spaced as it is printed on letters (3 3 4) is taken.
# Seen: ten zeros have a right check digit and are valid to all three, and so are ten ones and ten threes; ten twos are
# to two of them. So all who were registered that way share one valid number. npm's refuses the spaces.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts nhs-number-validator@1.1.2 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check nhs-number==2.2.0 python-stdnum==2.2
cat >numbers.py <<'PY'
import sys

import nhs_number
from stdnum.gb import nhs

for name, is_valid in {"nhs-number": nhs_number.is_valid, "stdnum": nhs.is_valid}.items():
    print(f"{name}:", *(one for one in sys.argv[1:] if is_valid(one)), sep=" / ")
PY
numbers=(0000000000 1111111111 2222222222 3333333333 '943 476 5919')
npm=$(node -e '
const { validate } = require("nhs-number-validator")
console.log(["nhs-number-validator:", ...process.argv.slice(1).filter((one) => validate(one))].join(" / "))' "${numbers[@]}")
seen=$(env/bin/python numbers.py "${numbers[@]}"; echo "$npm")
echo "valid to $seen"
[ "$seen" = 'nhs-number: / 0000000000 / 1111111111 / 3333333333 / 943 476 5919
stdnum: / 0000000000 / 1111111111 / 2222222222 / 3333333333 / 943 476 5919
nhs-number-validator: / 0000000000 / 1111111111 / 2222222222 / 3333333333' ]
