/** Prometheus takes the alert rules, and each fires when it should and at no other time: by its own `promtool`. */
import { spawnSync } from 'node:child_process'
import t from 'tap'

function promtool(...args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' })
  return { status, output: `${error ?? ''}${stdout}${stderr}` }
}

t.test('the rules are valid', async (t) => {
  const { status, output } = promtool('check', 'rules', 'docker/monitoring/alerts.yaml')
  t.equal(status, 0, output)
})

t.test('each fires when something is wrong, and none when nothing is', async (t) => {
  const { status, output } = promtool('test', 'rules', 'test/system/alerts.yaml')
  t.equal(status, 0, output)
})
