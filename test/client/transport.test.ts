import t from 'tap'
import { createTransport } from '../../src/client/transport.ts'
import { serve } from './between.ts'

const token = () => 'the-token'
const get = { method: 'GET', path: '/v1/x', repeatable: true } as const
const post = { method: 'POST', path: '/v1/x', body: { a: 1 }, repeatable: false } as const

t.test('only what is safe to repeat is repeated, and at most three times', async (t) => {
  const { url, passed } = await serve(t, () => undefined)
  const transport = createTransport({ url, token })
  await t.rejects(transport.send(get), { name: 'NoAnswer' })
  t.equal(passed.length, 3)
  await t.rejects(transport.send(post), { name: 'NoAnswer' })
  t.equal(passed.length, 4)
})

t.test('a passing fault is waited out, a bug of the service is not', async (t) => {
  const statuses = [503, 200, 500]
  const { url, passed } = await serve(t, () => {
    return { status: statuses.shift() ?? 418, body: '{}', headers: { 'retry-after': '0' } }
  })
  const transport = createTransport({ url, token })
  t.same(await transport.send(get), {})
  await t.rejects(transport.send(get), { name: 'ServiceProblem', problem: { status: 500 } })
  t.equal(passed.length, 3)
})

t.test('a service that asks for a long pause is not held on to', async (t) => {
  const { url, passed } = await serve(t, () => {
    return { status: 429, body: '<html>', headers: { 'retry-after': '3600' } }
  })
  await t.rejects(createTransport({ url, token }).send(get), {
    name: 'ServiceProblem',
    problem: { type: 'about:blank', status: 429 },
  })
  t.equal(passed.length, 1)
})

t.test('a request ends in time though no answer comes', async (t) => {
  const { url } = await serve(t, () => new Promise<never>(() => {}))
  const transport = createTransport({ url, token, timeoutMs: 50 })
  await t.rejects(transport.send(post), { name: 'NoAnswer', message: /within 0.05 s/ })
})

t.test('what is not worth waiting for is given up in time, its attempts together', async (t) => {
  const silent = await serve(t, () => new Promise<never>(() => {}))
  const startedAt = Date.now()
  const waiting = createTransport({ url: silent.url, token }).send({ ...get, withinMs: 300 })
  await t.rejects(waiting, { name: 'NoAnswer' })
  t.ok(Date.now() - startedAt < 2_000)
  const busy = await serve(t, () => ({ status: 503, body: '{}' }))
  const refused = createTransport({ url: busy.url, token }).send({ ...get, withinMs: 100 })
  await t.rejects(refused, { name: 'ServiceProblem' }, 'what was answered is told, not the limit')
  t.equal(busy.passed.length, 1, 'no pause is begun that would outlast it')
})

t.test('the token goes to no other host, and to no question that needs none', async (t) => {
  const other = await serve(t, () => ({ status: 200, body: '{}' }))
  const { url, passed } = await serve(t, ({ path }) =>
    path === '/v1/x'
      ? { status: 302, body: '', headers: { location: `${other.url}/v1/x` } }
      : { status: 200, body: '{}' },
  )
  const transport = createTransport({ url, token })
  await t.rejects(transport.send(post), { name: 'NoAnswer' })
  t.equal(other.passed.length, 0)
  await transport.send({ ...get, path: '/v1/keyset', open: true })
  t.same(
    passed.map(({ authorization }) => authorization),
    ['Bearer the-token', undefined],
  )
})

t.test('plain http is refused anywhere but on the loopback address', async (t) => {
  for (const url of ['http://intake.test', 'http://10.0.0.1', 'http://127.0.0.1.intake.test']) {
    t.throws(() => createTransport({ url, token }), /https/)
  }
  for (const url of ['https://intake.test', 'http://localhost:8080', 'http://[::1]:8080']) {
    t.ok(createTransport({ url, token }))
  }
})

t.test(
  'the service’s clock is read from its answers, and from none that tells no time',
  async (t) => {
    const hour = 3_600_000
    const answers: Record<string, string>[] = []
    const { url } = await serve(t, () => {
      return { status: 200, body: '{}', headers: answers.shift() ?? {} }
    })
    const transport = createTransport({ url, token })
    t.equal(transport.clockAheadMs(), undefined, 'it has not answered')
    const hoursAhead = async (headers: Record<string, string>) => {
      answers.push(headers)
      await transport.send(get)
      return Math.round((transport.clockAheadMs() ?? Number.NaN) / hour)
    }
    const date = (hours: number) => new Date(Date.now() + hours * hour).toUTCString()
    t.equal(await hoursAhead({ date: date(5) }), 5)
    t.equal(await hoursAhead({ date: date(-3) }), -3)
    t.equal(await hoursAhead({ date: date(-3), age: String(3 * 3600) }), 0, 'kept by a cache')
    t.equal(
      await hoursAhead({ date: date(7), age: 'old' }),
      0,
      'what cannot be read is passed over',
    )
    t.equal(await hoursAhead({ date: 'Tuesday' }), 0)
  },
)

t.test('an answer that is not JSON is not relied on', async (t) => {
  const { url } = await serve(t, () => ({ status: 200, body: '<html>' }))
  await t.rejects(createTransport({ url, token }).send(get), { name: 'BadAnswer' })
})
