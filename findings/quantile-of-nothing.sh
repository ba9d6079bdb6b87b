#!/usr/bin/env bash
# prom-client 15.1.3 (npm): a summary with a sliding window that has seen nothing for a while.
#
# Guessed: a quantile of no observations is NaN, as Prometheus' own client for Go says it, so that a graph shows a gap
# and an alert that wants a number finds none.
# Seen: prom-client says 0, before the first observation and again once the window is empty, while the sum and the count
# of all time stay. So a service that nobody could reach for minutes reports the best response times it ever had,
# and an average of several instances' quantiles falls with each idle one.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts prom-client@15.1.3 >/dev/null
cat >summary.cjs <<'JS'
const { register, Summary } = require('prom-client')

const summary = new Summary({ name: 's', help: 's', percentiles: [0.99], maxAgeSeconds: 1, ageBuckets: 1 })
const show = async (when) => {
  const { values } = (await register.getMetricsAsJSON())[0]
  console.log(`${when}: quantile ${values[0].value}, count ${values[2].value}`)
}
const main = async () => {
  await show('at first')
  summary.observe(5)
  await show('observed')
  await new Promise((resolve) => setTimeout(resolve, 2500))
  await show('later')
}
main()
JS
seen=$(node summary.cjs)
echo "$seen"
[ "$seen" = 'at first: quantile 0, count 0
observed: quantile 5, count 1
later: quantile 0, count 1' ]
