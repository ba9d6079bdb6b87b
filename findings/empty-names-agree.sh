#!/usr/bin/env bash
# rapidfuzz 3.14.6, jellyfish 1.3.0, textdistance 4.6.3 (PyPI) and natural 8.1.1 (npm): Jaro-Winkler of two names.
#
# Guessed: of two empty names all say the same, whichever it is.
# Seen: rapidfuzz, textdistance and natural say 1, wholly alike; jellyfish, and recordlinkage 0.16 which uses it,
# say 0, wholly unlike. Where a record linkage moves from one to the other, all pairs of people whose second
# name nobody knows change sides. natural's Dice coefficient of the two is not a number.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check rapidfuzz==3.14.6 jellyfish==1.3.0 textdistance==4.6.3
npm init -y >/dev/null
npm install --silent --ignore-scripts natural@8.1.1 >/dev/null
cat >alike.py <<'PY'
import jellyfish
import textdistance
from rapidfuzz.distance import JaroWinkler

print(JaroWinkler.similarity("", ""), jellyfish.jaro_winkler_similarity("", ""),
      float(textdistance.jaro_winkler("", "")))
PY
python=$(env/bin/python alike.py)
npm=$(node -e '
  const natural = require("natural")
  console.log(natural.JaroWinklerDistance("", ""), natural.DiceCoefficient("", ""))' | tail -n 1)
echo "rapidfuzz, jellyfish, textdistance: $python; natural, its Dice: $npm"
[ "$python" = '1.0 0.0 1.0' ]
[ "$npm" = '1 NaN' ]
