#!/usr/bin/env bash
# ICU 78.3 with CLDR 48, by Intl of Node 24.21.0 (npm `node`); langcodes 3.5.1 (PyPI).
#
# Guessed: canonicalizing an ISO 639-3 code shortens it where a code of two letters means the same (tir, ti), and
# leaves the others alone; and two libraries of BCP 47 do the same.
# Seen: Intl.getCanonicalLocales folds a language into its macrolanguage: Kurmanji (kmr) becomes ku, Twi and Fante
# (twi, fat) both ak, Western Panjabi (pnb) lah, Dari (prs) fa-AF. A request for an interpreter is then a
# request for another one. langcodes folds Dari alike, leaves kmr, fat and pnb
# alone, and makes tw of twi.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent node@24.21.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check langcodes==3.5.1
node=$(npx node -p '
  ["tir", "ckb", "kmr", "twi", "fat", "pnb", "prs"].map((code) => Intl.getCanonicalLocales(code)[0]).join(" ")')
python=$(env/bin/python -c '
import langcodes
print(*map(langcodes.standardize_tag, ["tir", "ckb", "kmr", "twi", "fat", "pnb", "prs"]))')
echo "asked:     tir ckb kmr twi fat pnb prs"
echo "Intl:      $node"
echo "langcodes: $python"
[ "$node" = 'ti ckb ku ak ak lah fa-AF' ]
[ "$python" = 'ti ckb kmr tw fat pnb fa-AF' ]
