#!/usr/bin/env bash
# ICU 78.3 with CLDR 48, by Intl of Node 24.21.0 (npm `node`): days in Tigrinya.
#
# Guessed: the months of the Gregorian and of the Ethiopian calendar have names of their own, as they have in Amharic,
# so that a day and a month in a letter are one day.
# Seen: in Tigrinya both have the same names. 29 November is written with the very month and day that stand for 8
# December in the Ethiopian calendar; only the year, which letters often leave out, tells them apart.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent node@24.21.0 >/dev/null
cat >months.mjs <<'JS'
const written = (locale, month, day) =>
  new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', timeZone: 'UTC' }).format(Date.UTC(2026, month, day))
for (const language of ['ti', 'am']) {
  const gregorian = written(language, 10, 29)
  const ethiopian = written(`${language}-u-ca-ethiopic`, 11, 8)
  console.log(`${language}: 29 November ${gregorian}, 8 December ${ethiopian}, alike: ${gregorian === ethiopian}`)
}
JS
seen=$(node_modules/.bin/node months.mjs)
echo "$seen"
[[ $seen == *'ti: '*'alike: true'*'am: '*'alike: false' ]]
