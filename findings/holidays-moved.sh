#!/usr/bin/env bash
# date-holidays 3.37.0 (npm) and holidays 0.109 (PyPI): bank holidays of England in the past.
#
# Guessed: what was proclaimed and is over is data that no longer changes, so that two libraries agree on it, the more
# so where both know the occasion, and working days between two dates can be counted by either.
# Seen: date-holidays has the Diamond Jubilee of 5 June 2012 and leaves the spring holiday, which was moved beside it
# to 4 June, where it was not, on 28 May; of 2022 it has the same move right. The wedding of 29 April 2011, the
# Golden Jubilee's days of 2002 and the last day of 1999 are missing. Python's has them all.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts date-holidays@3.37.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check holidays==0.109
cat >days.cjs <<'JS'
const Holidays = require('date-holidays')

const england = new Holidays('GB', 'ENG')
for (const year of process.argv.slice(2))
  for (const { date, type } of england.getHolidays(year)) if (type === 'public') console.log(date.slice(0, 10))
JS
cat >days.py <<'PY'
import sys

import holidays

for day in sorted(holidays.country_holidays("GB", subdiv="ENG", years=map(int, sys.argv[1:]))):
    print(day)
PY
years=(1999 2002 2011 2012 2022)
node days.cjs "${years[@]}" | sort >npm
env/bin/python days.py "${years[@]}" | sort >python
only_npm=$(comm -23 npm python | xargs)
only_python=$(comm -13 npm python | xargs)
echo "only date-holidays: $only_npm"
echo "only holidays: $only_python"
[ "$only_npm" = '2002-05-27 2012-05-28' ]
[ "$only_python" = '1999-12-31 2002-06-03 2002-06-04 2011-04-29 2012-06-04' ]
