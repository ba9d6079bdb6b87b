#!/usr/bin/env bash
# ICU 78.3 by Intl of Node 24.21.0 (npm `node`) and Babel 2.19.0 (PyPI), both with CLDR's data: a date in Dari,
# Pashto and Persian.
#
# Guessed: two libraries with one source of locale data write one date in one way, or at least in one calendar.
# Seen: Intl takes the calendar that CLDR says is the usual one in the country, and writes the year 1405; Babel has the
# Gregorian calendar alone, and writes 2026 with Persian words and Western digits. Nothing in the call says which, so
# that a page and the letter which a service sends for it name days of another month and year.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent node@24.21.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Babel==2.19.0
cat >date.mjs <<'JS'
for (const locale of ['fa-AF', 'ps', 'fa', 'ur']) {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' })
  console.log(`Intl ${locale}: ${format.format(Date.UTC(2026, 10, 29))} (${format.resolvedOptions().calendar})`)
}
JS
cat >date.py <<'PY'
from datetime import date

from babel.dates import format_date

for locale in ("fa_AF", "ps", "fa", "ur"):
    print(f"Babel {locale}: {format_date(date(2026, 11, 29), 'long', locale=locale)}")
PY
seen=$(node_modules/.bin/node date.mjs; env/bin/python date.py)
echo "$seen"
for locale in fa-AF ps fa; do [[ $seen == *"Intl $locale: "*'۱۴۰۵'*'(persian)'* ]]; done
[[ $seen == *'Intl ur: 29 '*' 2026 (gregory)'* ]]
[ "$(grep -c '^Babel .*: 29 .* 2026$' <<<"$seen")" = 4 ]
