/** Goal: the operator sees what is counted, and nobody else does. */
import t from 'tap'
import { createMetrics, serveMetrics } from '../src/metrics.ts'
import { build } from './helpers/build.ts'
import { blindedElements } from './helpers/holder.ts'
import { callerOf } from './helpers/referral.ts'

t.test('a port that is taken is told by the name of its variable', async (t) => {
  const { port, close } = await serveMetrics(createMetrics(), 0)
  t.teardown(close)
  const message = `METRICS_PORT: ${port} is taken by another program`
  await t.rejects(serveMetrics(createMetrics(), port), { message })
})

t.test('elements and refusals are counted, on a listener of their own', async (t) => {
  const metrics = createMetrics()
  const { port, close } = await serveMetrics(metrics, 0)
  t.teardown(close)
  const { world, url } = await build(t, { metrics, elementsPerClient: 20 })
  const call = await callerOf(world, url, world.referring.ngo.clientId)
  for (const count of [7, 9, 12, 0]) {
    const body = { epoch: 1, elements: blindedElements(count) }
    await call('POST', '/v1/matching/evaluations', body)
  }
  await fetch(`${url}/v1/audit/entries`)
  const shown = await fetch(`http://127.0.0.1:${port}/metrics`)
  t.match(shown.headers.get('content-type'), /^text\/plain/)
  const text = await shown.text()
  const lines = text
    .split('\n')
    .filter((line) => /^intake_(?!background_turn|database_|log_|request_|triage_)/.test(line))
  t.same(lines.sort(), [
    'intake_access_refused_total{reason="unauthenticated"} 1',
    'intake_background_ended_total 0',
    'intake_duty_mail_failures_total 0',
    'intake_duty_mails_total 0',
    'intake_evaluations_refused_total{reason="batch-mismatch"} 1',
    'intake_evaluations_refused_total{reason="matching-budget-spent"} 1',
    'intake_holidays_missing 0',
    'intake_matching_elements_total 16',
    'intake_pairing_crowded_total 0',
    'intake_pairing_failures_total 0',
    'intake_refusals_total{reason="batch-mismatch"} 1',
    'intake_refusals_total{reason="lease-lost"} 0',
    'intake_refusals_total{reason="matching-budget-spent"} 1',
    'intake_refusals_total{reason="unauthenticated"} 1',
    'intake_retention_idle_total 0',
    'intake_tokens_issued_total 0',
    'intake_unknown_receipts_total 0',
    'intake_unopened_public_referrals 0',
    'intake_unopened_public_referrals_max +Inf',
    'intake_webhook_disabled_total 0',
    'intake_webhook_failures_total 0',
    'intake_webhook_sent_total 0',
  ])
  t.match(text, /^process_resident_memory_bytes \d+/m)

  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404)
  await t.rejects(fetch(`http://127.0.0.2:${port}/metrics`), 'on that address and no other')
  t.equal((await fetch(`${url}/metrics`)).status, 404, 'and not where the public is')
})
