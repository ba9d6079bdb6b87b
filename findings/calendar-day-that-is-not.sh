#!/usr/bin/env bash
# jalaali-js 2.0.1, ethiopian-date 0.0.6, @internationalized/date 3.12.4, kenat 3.2.0 (npm); convertdate 2.5.1,
# jdatetime 6.1.1 (PyPI).
#
# Guessed: a day that its year does not have (30 Esfand of a Persian year without leap day, 6 Pagume of such an
# Ethiopian year) is refused, for a birth date written down wrongly should not become another one.
# Seen: half of them return a day without a word, and not the same: jalaali-js, convertdate and ethiopian-date
# roll on to the new year's day, @internationalized/date goes back to the last of the old year. For a month
# that is not, ethiopian-date returns a date whose day is `undefined`. jdatetime and kenat refuse.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts jalaali-js@2.0.1 ethiopian-date@0.0.6 @internationalized/date@3.12.4 kenat@3.2.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check convertdate==2.5.1 jdatetime==6.1.1
cat >days.mjs <<'JS'
import { CalendarDate, EthiopicCalendar, GregorianCalendar, PersianCalendar, toCalendar } from '@internationalized/date'
import { toGregorian } from 'ethiopian-date'
import { toGregorian as fromPersian } from 'jalaali-js'
import { toGC } from 'kenat'

const gregorian = (calendar, ...day) => String(toCalendar(new CalendarDate(calendar, ...day), new GregorianCalendar()))
const refused = (act) => {
  try {
    return JSON.stringify(act())
  } catch {
    return 'refused'
  }
}
console.log(Object.values(fromPersian(1402, 12, 30)).join('-'), gregorian(new PersianCalendar(), 1402, 12, 30))
console.log(toGregorian(1988, 13, 6).join('-'), gregorian(new EthiopicCalendar(), 1988, 13, 6), refused(() => toGC(1988, 13, 6)))
console.log(toGregorian(1989, 14, 45).map(String).join('-'))
JS
cat >days.py <<'PY'
import jdatetime
from convertdate import persian

try:
    strict = str(jdatetime.date(1402, 12, 30).togregorian())
except ValueError:
    strict = "refused"
print("-".join(map(str, persian.to_gregorian(1402, 12, 30))), strict)
PY
npm=$(node days.mjs)
python=$(env/bin/python days.py)
printf '%s\n' "$npm" "$python"
[ "$npm" = '2024-3-20 2024-03-19
1996-9-11 1996-09-10 refused
1997-9-undefined' ]
[ "$python" = '2024-3-20 refused' ]
