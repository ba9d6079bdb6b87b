#!/usr/bin/env bash
# libphonenumber-js 1.13.16 (npm, all three sets of metadata) and phonenumbers 9.0.43 (PyPI, Google's own tables).
#
# Guessed: `01293 555555/6`, the usual British short form of two neighbouring lines, is the first line or an error;
# and the mobile numbers that Ofcom keeps for drama (07700 900000 to 900999) are valid, so that examples can
# be tried.
# Seen: the 6 is appended, in silence: +44 12935 555556, which is nobody's and not even of a possible length by
# Google's tables. The numbers for drama parse, and are not valid under any metadata.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts libphonenumber-js@1.13.16 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check phonenumbers==9.0.43
cat >parse.cjs <<'JS'
const seen = ['min', 'mobile', 'max'].map((name) => {
  const parse = require(`libphonenumber-js/${name}`).parsePhoneNumberFromString
  const drama = parse('07700 900123', 'GB')
  return [name, parse('01293 555555/6', 'GB')?.number, drama?.number, drama?.isValid()].join(' ')
})
console.log(seen.join('; '))
JS
cat >parse.py <<'PY'
import phonenumbers as p

two = p.parse("01293 555555/6", "GB")
drama = p.parse("07700 900123", "GB")
print(p.format_number(two, p.PhoneNumberFormat.E164), p.is_possible_number(two),
      p.is_possible_number(drama), p.is_valid_number(drama))
PY
npm=$(node parse.cjs)
python=$(env/bin/python parse.py)
echo "libphonenumber-js: $npm"
echo "phonenumbers: $python"
[ "$npm" = 'min +4412935555556 +447700900123 false; mobile +4412935555556 +447700900123 false; max +4412935555556 +447700900123 false' ]
[ "$python" = '+4412935555556 False True False' ]
