#!/usr/bin/env bash
# ics 0.7.1, icalendar 7.3.2 (PyPI), node-ical 0.26.1, ical.js 2.2.1 (npm): an appointment in Outlook's zone of Britain.
#
# Guessed: a zone that a calendar file defines itself (VTIMEZONE) is the zone of its appointments, under whatever name:
# ten o'clock in July is nine by UTC.
# Seen: three of four have it so. ics looks at the name alone, finds none of its own, and takes the time for UTC
# without a word: Outlook's name is `GMT Standard Time`, so that each appointment in a British summer is an hour
# late, and each in winter right.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts node-ical@0.26.1 ical.js@2.2.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ics==0.7.1 icalendar==7.3.2
sed 's/$/\r/' >outlook.ics <<'ICS'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//clinic.example//EN
BEGIN:VTIMEZONE
TZID:GMT Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T010000
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@clinic.example
DTSTAMP:20260701T000000Z
DTSTART;TZID=GMT Standard Time:20260729T100000
DTEND;TZID=GMT Standard Time:20260729T110000
SUMMARY:Hearing
END:VEVENT
END:VCALENDAR
ICS
cat >begin.py <<'PY'
from datetime import UTC
from pathlib import Path

import icalendar
import ics

text = Path("outlook.ics").read_bytes().decode()
(event,) = ics.Calendar(text).events
print("ics:", event.begin.astimezone(UTC).strftime("%H:%M UTC"))
(event,) = icalendar.Calendar.from_ical(text).events
print("icalendar:", event.start.astimezone(UTC).strftime("%H:%M UTC"))
PY
cat >begin.mjs <<'JS'
import { readFileSync } from 'node:fs'
import ICAL from 'ical.js'
import nodeIcal from 'node-ical'

const text = readFileSync('outlook.ics', 'utf8')
const shown = (library, date) => console.log(`${library}: ${date.toISOString().slice(11, 16)} UTC`)
const [event] = Object.values(nodeIcal.sync.parseICS(text)).filter(({ type }) => type === 'VEVENT')
shown('node-ical', event.start)
const calendar = new ICAL.Component(ICAL.parse(text))
const zone = new ICAL.Timezone(calendar.getFirstSubcomponent('vtimezone'))
const { startDate } = new ICAL.Event(calendar.getFirstSubcomponent('vevent'))
startDate.zone = zone
shown('ical.js', startDate.toJSDate())
JS
seen=$(env/bin/python begin.py; node begin.mjs)
echo "$seen"
[ "$seen" = 'ics: 10:00 UTC
icalendar: 09:00 UTC
node-ical: 09:00 UTC
ical.js: 09:00 UTC' ]
