#!/usr/bin/env bash
# gsm 0.1.4, sms-counter 1.0.0, sms-length 0.2.2, sms-segments-calculator 1.3.0, split-sms 0.1.7 (all npm): how many text messages a
# text is, by 3GPP TS 23.038.
#
# Guessed: all five count alike, for what a character takes and how long a part is stands in one table.
# Seen: of plain letters they do, and of four other texts they do not. A euro sign takes two places, and so does a character
# outside the basic plane. Where the two would stand in different parts, sms-segments-calculator and split-sms move both to the
# next, and need a message more; gsm does so for the euro sign, and sms-length and sms-counter for neither. Of a tilde's two
# places sms-counter counts one. A form feed is in the table of 3GPP, and for sms-length and sms-counter it makes a text one
# of 70 characters a part.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts gsm@0.1.4 sms-counter@1.0.0 sms-length@0.2.2 sms-segments-calculator@1.3.0 \
  split-sms@0.1.7 >/dev/null
cat >count.cjs <<'JS'
const { SegmentedMessage } = require('sms-segments-calculator')
const libraries = {
  'sms-segments-calculator': (text) => new SegmentedMessage(text).segmentsCount,
  'split-sms': (text) => require('split-sms').split(text).parts.length,
  gsm: (text) => require('gsm')(text).sms_count,
  'sms-length': (text) => require('sms-length').count(text).messages,
  'sms-counter': (text) => require('sms-counter').default.count(text).messages,
}
const texts = {
  plain: 'a'.repeat(160),
  'a pound sign': `${'a'.repeat(159)}£`,
  'a euro at the end of a part': `${'a'.repeat(152)}€${'a'.repeat(152)}`,
  'a sign outside the basic plane there': `${'ł'.repeat(66)}\u{1f4de}${'ł'.repeat(66)}`,
  'a tilde': `${'a'.repeat(159)}~`,
  'a form feed': `${'a'.repeat(80)}\f`,
}
for (const [name, text] of Object.entries(texts)) {
  const counts = Object.entries(libraries).map(([library, count]) => `${library} ${count(text)}`)
  console.log(`${name}: ${counts.join(', ')}`)
}
JS
seen=$(node count.cjs)
echo "$seen"
[ "$seen" = 'plain: sms-segments-calculator 1, split-sms 1, gsm 1, sms-length 1, sms-counter 1
a pound sign: sms-segments-calculator 1, split-sms 1, gsm 1, sms-length 1, sms-counter 1
a euro at the end of a part: sms-segments-calculator 3, split-sms 3, gsm 3, sms-length 2, sms-counter 2
a sign outside the basic plane there: sms-segments-calculator 3, split-sms 3, gsm 2, sms-length 2, sms-counter 2
a tilde: sms-segments-calculator 2, split-sms 2, gsm 2, sms-length 2, sms-counter 1
a form feed: sms-segments-calculator 1, split-sms 1, gsm 1, sms-length 2, sms-counter 2' ]
