#!/usr/bin/env bash
# ICU 78.3 by Intl of Node 24.21.0 (npm `node`), @umalqura/core 0.0.7 (npm) and hijridate 2.3.0 (PyPI): days of the
# Umm al-Qura calendar.
#
# Guessed: it is a calendar made of a published table, not of sightings, so that libraries which name it agree to
# the day, at least for the past; where they differ at all, it is in years to come.
# Seen: for 2000 to 2027 all three agree on each day. Before, where the birthdays of adults lie, ICU has another day
# than hijridate for three days of four (1970 to 1999), and @umalqura/core for one of thirteen. A birthday that a
# person knows by this calendar becomes another Gregorian one in a browser than in a service, and no test with
# dates of these years shows it.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @umalqura/core@0.0.7 >/dev/null
npm install --silent --allow-scripts=node node@24.21.0 >/dev/null 2>&1 || npm install --silent node@24.21.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check hijridate==2.3.0
cat >days.mjs <<'JS'
import { createRequire } from 'node:module'
const umalqura = createRequire(import.meta.url)('@umalqura/core').default
const format = new Intl.DateTimeFormat('en-u-ca-islamic-umalqura-nu-latn', {
  timeZone: 'UTC', year: 'numeric', month: 'numeric', day: 'numeric',
})
for (let at = Date.UTC(1970, 0, 1, 12); at < Date.UTC(2028, 0, 1); at += 86_400_000) {
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const { hy, hm, hd } = umalqura(new Date(at))
  console.log(`${new Date(at).toISOString().slice(0, 10)} ${parts.year}-${parts.month}-${parts.day} ${hy}-${hm}-${hd}`)
}
JS
cat >days.py <<'PY'
import sys
from collections import Counter

from hijridate import Gregorian

days, icu_differs, core_differs = Counter(), Counter(), Counter()
for line in sys.stdin:
    day, icu, core = line.split()
    own = Gregorian.fromisoformat(day).to_hijri()
    own = f"{own.year}-{own.month}-{own.day}"
    period = "1970 to 1999" if day < "2000" else "2000 to 2027"
    days[period] += 1
    icu_differs[period] += icu != own
    core_differs[period] += core != own
    if day == "1986-06-10":
        print(f"{day}: {icu} by ICU, {core} and {own}")
for period, number in days.items():
    print(f"{period}: of {number} days {icu_differs[period]} others by ICU, {core_differs[period]} by @umalqura/core")
PY
seen=$(TZ=UTC node_modules/.bin/node days.mjs | env/bin/python days.py)
echo "$seen"
[ "$seen" = '1986-06-10: 1406-10-2 by ICU, 1406-10-3 and 1406-10-3
1970 to 1999: of 10957 days 8198 others by ICU, 833 by @umalqura/core
2000 to 2027: of 10227 days 0 others by ICU, 0 by @umalqura/core' ]
