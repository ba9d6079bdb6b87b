#!/usr/bin/env bash
# ICU 78.3 with CLDR 48, by Intl.Collator of Node 24.21.0 (npm `node`), with `sensitivity: 'base'`.
#
# Guessed: "base" takes letters for alike whatever marks they carry, in each script and locale, so that one collator
# finds Ahmad with and without its hamza, and Ali, Karim and Fatima typed on an Arabic and on a Persian keyboard.
# Seen: no locale finds all four. English finds none, though it takes Đặng for Dang and Øystein for Oystein; Arabic
# finds Ahmad and Ali, Persian all but Ahmad, Urdu Ahmad alone. Sorani has no data, and is answered as English of
# the United States.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent node@24.21.0 >/dev/null
cat >alike.mjs <<'JS'
const pairs = {
  Ahmad: ['\u0623حمد', '\u0627حمد'],
  Ali: ['عل\u064a', 'عل\u06cc'],
  Karim: ['\u0643ر\u064aم', '\u06a9ر\u06ccم'],
  Fatima: ['فاطم\u0629', 'فاطم\u0647'],
  Dang: ['Đặng', 'Dang'],
  Oystein: ['Øystein', 'Oystein'],
}
for (const asked of ['en', 'ar', 'fa', 'ur', 'ckb']) {
  const collator = new Intl.Collator(asked, { sensitivity: 'base' })
  const alike = Object.keys(pairs).filter((name) => collator.compare(...pairs[name]) === 0)
  console.log(`${asked}: ${alike.join(' ')}`)
}
console.log('ckb is', new Intl.Collator('ckb').resolvedOptions().locale)
JS
seen=$(LC_ALL=C LANG=C node_modules/.bin/node alike.mjs)
echo "$seen"
[ "$seen" = 'en: Dang Oystein
ar: Ahmad Ali Dang Oystein
fa: Ali Karim Fatima Dang Oystein
ur: Ahmad Dang Oystein
ckb: Dang Oystein
ckb is en-US' ]
