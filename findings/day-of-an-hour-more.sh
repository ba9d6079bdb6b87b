#!/usr/bin/env bash
# icalendar 7.3.2, ics 0.7.1 (PyPI), node-ical 0.26.1, ical.js 2.2.1 (npm): how long a day and 24 hours are where summer
# time ends.
#
# Guessed: as RFC 5545 says, one day (P1D) from ten o'clock is ten o'clock on the next day, and 24 hours (PT24H) are 24
# hours, so that in the night of 24 October 2026 they end an hour apart.
# Seen: no library of four tells them apart. To three both end at ten, to node-ical at nine: the limit of 24 hours that
# a calendar file sets is an hour too long by the ones, and the end of a day an hour too early by the other.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts node-ical@0.26.1 ical.js@2.2.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ics==0.7.1 icalendar==7.3.2
export TZ=Europe/London
for duration in P1D PT24H; do
  sed 's/$/\r/' >"$duration.ics" <<ICS
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//clinic.example//EN
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:STANDARD
DTSTART:19961027T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T010000
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@clinic.example
DTSTAMP:20260701T000000Z
DTSTART;TZID=Europe/London:20261024T100000
DURATION:$duration
SUMMARY:Observation
END:VEVENT
END:VCALENDAR
ICS
done
cat >end.py <<'PY'
from datetime import UTC
from pathlib import Path

import icalendar
import ics

for duration in ("P1D", "PT24H"):
    text = Path(f"{duration}.ics").read_bytes().decode()
    (event,) = icalendar.Calendar.from_ical(text).events
    (other,) = ics.Calendar(text).events
    for library, end in {"icalendar": event.end, "ics": other.end}.items():
        print(f"{duration}, {library}: until {end.astimezone(UTC):%d %H:%M} UTC")
PY
cat >end.mjs <<'JS'
import { readFileSync } from 'node:fs'
import ICAL from 'ical.js'
import nodeIcal from 'node-ical'

for (const duration of ['P1D', 'PT24H']) {
  const text = readFileSync(`${duration}.ics`, 'utf8')
  const shown = (library, date) => {
    console.log(`${duration}, ${library}: until ${date.toISOString().slice(8, 16).replace('T', ' ')} UTC`)
  }
  const [event] = Object.values(nodeIcal.sync.parseICS(text)).filter(({ type }) => type === 'VEVENT')
  shown('node-ical', event.end)
  const calendar = new ICAL.Component(ICAL.parse(text))
  const zone = new ICAL.Timezone(calendar.getFirstSubcomponent('vtimezone'))
  ICAL.TimezoneService.register(zone.tzid, zone)
  shown('ical.js', new ICAL.Event(calendar.getFirstSubcomponent('vevent')).endDate.toJSDate())
}
JS
seen=$(env/bin/python end.py; node end.mjs)
echo "$seen"
[ "$seen" = 'P1D, icalendar: until 25 10:00 UTC
P1D, ics: until 25 10:00 UTC
PT24H, icalendar: until 25 10:00 UTC
PT24H, ics: until 25 10:00 UTC
P1D, node-ical: until 25 09:00 UTC
P1D, ical.js: until 25 10:00 UTC
PT24H, node-ical: until 25 09:00 UTC
PT24H, ical.js: until 25 10:00 UTC' ]
