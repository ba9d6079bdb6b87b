#!/usr/bin/env bash
# luxon 3.7.2, dayjs 1.11.19, date-fns 4.1.0, @js-joda/core 5.6.5, @js-temporal/polyfill 0.5.1 and PostgreSQL 18 (npm
# @electric-sql/pglite 0.5.14); python-dateutil 2.9.0.post0 (PyPI): the age on 28 February 2026 of a person born on
# 29 February 2008.
#
# Guessed: 17 or 18, which the law of each country says and a library can't know; but the libraries agree, and one that
# says 17 does not say by its own sum that eighteen years have passed.
# Seen: three say 18 and four 17. PostgreSQL's age() and date-fns say 17, while `born + 18 years` of either is that very
# day, so that two usual ways to write one question answer it unlike; date-fns' intervalToDuration() says 17
# years and 12 months.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts luxon@3.7.2 dayjs@1.11.19 date-fns@4.1.0 @js-joda/core@5.6.5 \
  @js-temporal/polyfill@0.5.1 @electric-sql/pglite@0.5.14 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
cat >ages.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'
import { ChronoUnit, LocalDate } from '@js-joda/core'
import { Temporal } from '@js-temporal/polyfill'
import { addYears, differenceInYears, intervalToDuration } from 'date-fns'
import dayjs from 'dayjs'
import { DateTime } from 'luxon'

const [born, day] = ['2008-02-29', '2026-02-28']
const [start, end] = [new Date(2008, 1, 29), new Date(2026, 1, 28)]
console.log('luxon', DateTime.fromISO(day).diff(DateTime.fromISO(born), 'years').years)
console.log('dayjs', dayjs(day).diff(born, 'year'))
console.log('js-joda', ChronoUnit.YEARS.between(LocalDate.parse(born), LocalDate.parse(day)))
console.log('Temporal', Temporal.PlainDate.from(born).until(day, { largestUnit: 'year' }).years)
console.log('date-fns', differenceInYears(end, start), JSON.stringify(intervalToDuration({ start, end })))
console.log('date-fns, sum:', addYears(start, 18) <= end)
const database = await PGlite.create()
const { rows } = await database.query(
  "select extract(year from age($1::date, $2::date))::int as age, $2::date + interval '18 years' <= $1::date as sum",
  [day, born],
)
console.log('PostgreSQL', rows[0].age)
console.log('PostgreSQL, sum:', rows[0].sum)
JS
cat >ages.py <<'PY'
from datetime import date

from dateutil.relativedelta import relativedelta

print("dateutil", relativedelta(date(2026, 2, 28), date(2008, 2, 29)).years)
PY
seen=$(timeout 60 node ages.mjs; env/bin/python ages.py)
echo "$seen"
[ "$seen" = 'luxon 18
dayjs 18
js-joda 17
Temporal 17
date-fns 17 {"years":17,"months":12}
date-fns, sum: true
PostgreSQL 17
PostgreSQL, sum: true
dateutil 18' ]
