import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGzip } from 'node:zlib'
import t from 'tap'
import { momentsOf, tellingOnce, wordsOfSkew } from '../../src/client/clock.ts'
import { ServiceProblem } from '../../src/client/failure.ts'
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

t.test(
  'whatever says that it may be asked again later is, and nothing that does not',
  async (t) => {
    const answers: [status: number, retry: string | undefined, sent: number][] = [
      [503, 'later', 2],
      [408, 'later', 2],
      [408, undefined, 1],
      [409, 'after-refresh', 1],
      [422, 'never', 1],
    ]
    for (const [status, retry, sent] of answers) {
      const refusal = { status, body: JSON.stringify({ code: 'some-code', retry }) }
      const bodies = [refusal, { status: 200, body: '{}' }]
      const { url, passed } = await serve(t, () => bodies.shift())
      const transport = createTransport({ url, token })
      const answer = transport.send({ ...post, method: 'PUT', repeatable: true })
      if (sent === 2) t.same(await answer, {})
      else await t.rejects(answer, { name: 'ServiceProblem', problem: { status } })
      t.same(
        passed.map(({ body }) => body),
        Array(sent).fill('{"a":1}'),
        `${status} ${retry}`,
      )
    }
  },
)

t.test('an id of only dots leads to no other route', async (t) => {
  const { url, passed } = await serve(t, () => ({ status: 200, body: '{}' }))
  const transport = createTransport({ url, token })
  for (const path of ['/v1/x/../activation', '/v1/x/..', '/v1/x/.?limit=1']) {
    await t.rejects(transport.send({ ...get, path }), { name: 'TypeError' }, path)
  }
  t.equal(passed.length, 0)
  await transport.send({ ...get, path: '/v1/x/...?since=..' })
  t.equal(passed.length, 1)
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
  const waiting = createTransport({ url: silent.url, token }).send({ ...get, withinMs: 300 })
  await t.rejects(waiting, { name: 'NoAnswer', message: /within 0\.[0-3]\d* s/ })
  t.equal(silent.passed.length, 1)
  // The shortest pause is 250 ms.
  const busy = await serve(t, () => ({ status: 503, body: '{}' }))
  const refused = createTransport({ url: busy.url, token }).send({ ...get, withinMs: 240 })
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
  const words = /no address such as https:\/\/intake\.example\.org/
  t.throws(() => createTransport({ url: 'intake.test', token }), words)
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
    t.ok(Number.isNaN(await hoursAhead({ date: 'Sat, 13 Sep 275760 00:00:00 GMT', age: '9' })))
    t.same(
      momentsOf(new Date(0), transport.clockAheadMs()),
      [new Date(0)],
      'nothing is judged by it',
    )
    const told: number[] = []
    const tell = tellingOnce(transport.clockAheadMs, ({ aheadMs }) => told.push(aheadMs))
    tell()
    t.same(told, [Number.NaN])
    t.match(wordsOfSkew({ aheadMs: Number.NaN }), 'a date that cannot be read')
  },
)

t.test('an answer that is not JSON, or is nested without end, is not relied on', async (t) => {
  const deep = (count: number) => `${'['.repeat(count)}${']'.repeat(count)}`
  for (const body of [
    '<html>',
    '{"a":',
    'undefined',
    deep(65),
    `{"a":"]]]",${deep(65).slice(1)}`,
  ]) {
    const { url } = await serve(t, () => ({ status: 200, body }))
    await t.rejects(createTransport({ url, token }).send(get), { name: 'BadAnswer' }, body)
  }
  const { url } = await serve(t, () => ({ status: 200, body: `{"a":"\\"${'['.repeat(99)}"}` }))
  t.same(await createTransport({ url, token }).send(get), { a: `"${'['.repeat(99)}` })
  const nested = await serve(t, () => ({ status: 200, body: deep(64) }))
  t.ok(await createTransport({ url: nested.url, token }).send(get))
})

/** Sends without end, as fast as it is read; tells how much was taken. */
async function endless(t: Parameters<typeof serve>[0], headers: Record<string, string>) {
  let sent = 0
  const part = Buffer.alloc(64 * 1024, 'x')
  const isPacked = headers['content-encoding'] === 'gzip'
  const server = createServer(async (_, response) => {
    response.writeHead(Number(headers.status ?? 200), headers)
    const sink = isPacked ? createGzip() : response
    if (sink !== response) sink.pipe(response)
    while (!response.destroyed) {
      sent += part.length
      if (sink.write(part)) await new Promise((resolve) => setImmediate(resolve))
      else await Promise.race([once(sink, 'drain'), once(response, 'close')])
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, sent: () => sent }
}

t.test('an answer is read to its limit and no further, whatever its headers say', async (t) => {
  const mebibyte = 1024 * 1024
  for (const headers of [{}, { 'content-length': '9000000000' }, { 'content-encoding': 'gzip' }]) {
    const { url, sent } = await endless(t, headers)
    const transport = createTransport({ url, token })
    const message = /over 8 MiB/
    await t.rejects(transport.send(get), { name: 'BadAnswer', message }, JSON.stringify(headers))
    const before = sent()
    t.ok(before < 64 * mebibyte, 'what was read ahead is little')
    const limited = transport.send({ ...get, bytesMax: 30 * mebibyte })
    await t.rejects(limited, { name: 'BadAnswer', message: /over 30 MiB/ })
  }
  const refusal = await endless(t, { status: '418' })
  await t.rejects(createTransport({ url: refusal.url, token }).send(get), {
    name: 'ServiceProblem',
    problem: { title: 'The service answered with status 418' },
  })
  t.ok(refusal.sent() < 8 * mebibyte)
  const fits = await serve(t, () => ({ status: 200, body: `"${'x'.repeat(8 * mebibyte - 2)}"` }))
  t.ok(await createTransport({ url: fits.url, token }).send(get))
  const over = await serve(t, () => ({ status: 200, body: `"${'x'.repeat(8 * mebibyte - 1)}"` }))
  await t.rejects(createTransport({ url: over.url, token }).send(get), { name: 'BadAnswer' })
})

async function failureOf(answer: Promise<unknown>): Promise<ServiceProblem> {
  try {
    await answer
  } catch (error) {
    return error as ServiceProblem
  }
  throw new Error('it was not refused')
}

t.test('of a refusal, members of another form are left out, and long ones cut', async (t) => {
  const refusedWith = async (body: string) => {
    const { url } = await serve(t, () => ({ status: 422, body }))
    const failure = await failureOf(createTransport({ url, token }).send(get))
    t.type(failure, ServiceProblem)
    t.type(failure.message, 'string')
    return failure.problem
  }
  const bare = { type: 'about:blank', title: 'The service answered with status 422', status: 422 }
  const wrong = { title: { a: 1 }, detail: 3, next: [], errors: 'x', code: {}, retry: 'soon' }
  const nothing = [JSON.stringify(wrong), '', 'null', '"x"', '[]', '7', '<html>', '{"title":""}']
  nothing.push(
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    `{"title":"${'x'.repeat(70_000)}"}`,
  )
  for (const body of nothing) t.strictSame(await refusedWith(body), bare, body.slice(0, 20))
  const errors = [
    { pointer: 1, detail: 'a' },
    null,
    { detail: {} },
    7,
    { pointer: '/a', detail: 'b' },
  ]
  const said = { title: 'T'.repeat(300), status: 'x', stored: 'no', code: 'a-code', errors, x: 1 }
  t.strictSame(await refusedWith(JSON.stringify({ ...said, __proto__: { detail: 'x' } })), {
    ...bare,
    title: `${'T'.repeat(200)}…`,
    code: 'a-code',
    errors: [
      { pointer: '', detail: 'a' },
      { pointer: '/a', detail: 'b' },
    ],
  })
})
