/**
 * Goal: alert rules and the dashboard speak of what a service shows, and each rule leads to what is to be done.
 * Method: the files as they are, beside a scrape of a real service. That Prometheus takes the rules, and when they
 * fire, is shown by its own `promtool` (test/system/alerts.test.ts).
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { createMetrics, serveMetrics } from '../src/metrics.ts'
import { build } from './helpers/build.ts'

type Rule = { alert: string; expr: string; annotations: { summary: string; runbook: string } }
const { groups } = parse(readFileSync('docker/monitoring/alerts.yaml', 'utf8')) as {
  groups: { rules: Rule[] }[]
}
const rules = groups.flatMap(({ rules }) => rules)

const dashboard = JSON.parse(readFileSync('docker/monitoring/dashboard.json', 'utf8')) as {
  templating: { list: { query: string | { query: string } }[] }
  panels: { title: string; targets: { expr: string }[] }[]
}
const shownBy = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ name: title, expr })),
)
const expressions = [...rules.map(({ alert, expr }) => ({ name: alert, expr })), ...shownBy]

/** The metrics of an expression: what is left without labels, times and functions. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)/g, ' ')
    .replace(/\b\w+(?=\s*\()/g, '')
    .replace(/\b(sum|max|count)\b/g, '')
  return bare.match(/[a-z_]\w*/gi) ?? []
}

/** The names that the samples of a scrape have, with one value of a label of each. */
async function scrape() {
  const metrics = createMetrics()
  const { port, close } = await serveMetrics(metrics, 0)
  t.teardown(close)
  const { url } = await build(t, { metrics })
  const read = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  await fetch(`${url}/livez`)
  let text = await read()
  // The first turn of each step, and with it what the step tells.
  while (!/^intake_triage_items\{/m.test(text)) text = await read()
  const names = new Set<string>()
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const endings = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    for (const ending of endings) names.add(name + ending)
  }
  return { text, names }
}

const shown = await scrape()

t.test('every metric that a rule or the dashboard names is shown by a service', async (t) => {
  for (const { name, expr } of expressions) {
    const metrics = metricsIn(expr)
    t.ok(metrics.length > 0, `${name} names one`)
    for (const metric of metrics) t.ok(shown.names.has(metric), `${name}: ${metric}`)
  }
  t.same(metricsIn('time() - max by (a) (b{c="d"}[5m]) / sum(e)'), ['b', 'e'], 'it finds them')
  for (const { query } of dashboard.templating.list.filter(({ query }) => query !== 'prometheus')) {
    const [, metric = ''] = String((query as { query: string }).query).match(/\((\w+),/) ?? []
    t.ok(shown.names.has(metric), metric)
  }
})

t.test('every value of a label that they ask for is one that a service shows', async (t) => {
  let found = 0
  for (const { name, expr } of expressions) {
    for (const [, metric, labels = ''] of expr.matchAll(/(\w+)\{([^}]*)\}/g)) {
      for (const [label, key, value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
        // Prometheus' own, and what only a request that failed would show.
        if (key === 'job' || value === '5xx') continue
        t.match(shown.text, new RegExp(`^${metric}\\{[^}]*${label}`, 'm'), `${name}: ${label}`)
        found += 1
      }
    }
  }
  t.ok(found > 5, `the pattern finds them: ${found}`)
})

t.test('every rule leads to a heading of the document on operations', async (t) => {
  const text = readFileSync('docs/OPERATIONS.md', 'utf8')
  const anchors = [...text.matchAll(/^##+ (.+)$/gm)].map(
    ([, heading = '']) =>
      `docs/OPERATIONS.md#${heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-')}`,
  )
  for (const { alert, annotations } of rules) {
    t.ok(anchors.includes(annotations.runbook), `${alert}: ${annotations.runbook}`)
    t.ok(text.includes(`\`${alert}\``), `${alert} is named there`)
    t.ok(annotations.summary.length > 0)
  }
})

t.test('every rule is tried', async (t) => {
  const tried = readFileSync('test/system/alerts.yaml', 'utf8').matchAll(/alertname="(\w+)"/g)
  t.same([...tried].map(([, name]) => name).sort(), rules.map(({ alert }) => alert).sort())
})
