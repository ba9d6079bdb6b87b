/**
 * Goal: long bodies and answers go as with `fetch`, and ends, faults and who gives up are told as there.
 * Method: one server that does what each test says, and connections that are counted.
 */
import { getEventListeners, once } from 'node:events'
import { createServer, globalAgent, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import t from 'tap'
import { fetchLong } from '../../src/client/body.ts'

let respond: (request: IncomingMessage, response: ServerResponse) => void = () => {}
const server = createServer((request, response) => respond(request, response))
// What is held is not freed by waiting.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1')
await once(server, 'listening')
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** Until no connection is held by what was asked: each is free for the next, or closed. */
const untilFree = async () => {
  while (Object.keys(globalAgent.sockets).length > 0) await new Promise(setImmediate)
}
const lost = { name: 'TypeError', message: 'fetch failed' }

t.test('what is sent arrives, and what is answered has its headers and its bytes', async (t) => {
  respond = async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const said = [request.method, request.headers['x-said'], Buffer.concat(parts).toString()]
    response.writeHead(200, [
      ...['set-cookie', 'a=1', 'set-cookie', 'b=2'],
      ...['content-type', 'text/plain'],
    ])
    response.end(said.join())
  }
  const headers = { 'x-said': 'this' }
  const sent = await fetchLong(url, { method: 'PATCH', headers, body: 'some text' })
  t.equal(await sent.text(), 'PATCH,this,some text')
  t.same(sent.headers.getSetCookie(), ['a=1', 'b=2'])
  const bytes = new TextEncoder().encode('bytes')
  const put = await fetchLong(url, { method: 'PUT', headers: new Headers(headers), body: bytes })
  t.equal(await put.text(), 'PUT,this,bytes')
  t.equal(await (await fetchLong(url, {})).text(), 'GET,,')
})

t.test('an answer without a body ends, and so does one that nobody reads', async (t) => {
  for (const [method, status] of [
    ['HEAD', 200],
    ['HEAD', 404],
    ['PATCH', 204],
    ['GET', 204],
    ['PATCH', 205],
  ] as const) {
    respond = (_, response) => response.writeHead(status, { 'upload-offset': '7' }).end()
    const answer = await fetchLong(url, { method })
    t.same([answer.status, answer.body, answer.headers.get('upload-offset')], [status, null, '7'])
    await untilFree()
  }
  for (const [method, status] of [
    ['GET', 404],
    ['PATCH', 200],
    ['PATCH', 500],
  ] as const) {
    respond = (_, response) => response.writeHead(status).end('why')
    const answer = await fetchLong(url, { method })
    await untilFree()
    t.equal(await answer.text(), 'why', 'it was read before, and its connection is free')
  }
  respond = (_, response) => response.writeHead(500).end('x'.repeat(10_000_000))
  t.equal(await (await fetchLong(url, {})).text(), '', 'of a long one nothing is kept')
})

t.test(
  'what is received is taken as it is asked for, and given up where nobody asks',
  async (t) => {
    let sent = 0
    respond = (_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed) {
          sent += 65_536
          if (!response.write(Buffer.alloc(65_536, 1))) break
        }
      }
      response.on('drain', more)
      more()
    }
    /** How much was sent once nothing moves any more; over 100 MB it moves without end. */
    const untilStill = async () => {
      for (let [before, still] = [-1, 0]; still < 100 && sent < 100_000_000; before = sent) {
        still = before === sent ? still + 1 : 0
        await new Promise(setImmediate)
      }
      return sent
    }
    const answer = await fetchLong(url, {})
    t.ok((await untilStill()) < 20_000_000, 'before anything is asked for')
    const reader = answer.body!.getReader()
    let taken = 0
    for (; taken < 30_000_000; taken += (await reader.read()).value?.length ?? 0) {}
    const ahead = (await untilStill()) - taken
    t.ok(ahead < 20_000_000, `${ahead} bytes more than were asked for`)
    await reader.cancel()
    await untilFree()
    t.pass('its connection is closed')
  },
)

t.test('a line that breaks is a fault as that of fetch', async (t) => {
  respond = (request) => request.socket.destroy()
  await t.rejects(fetchLong(url, {}), { ...lost, cause: { code: 'ECONNRESET' } } as object as Error)
  respond = (_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => response.destroy())
  }
  const answer = await fetchLong(url, {})
  await t.rejects(answer.text(), lost)
  const plain = url.replace('http:', 'https:')
  // That no TLS is spoken there is found out by speaking it.
  const failed = await fetchLong(plain, {}).catch((error: Error & { cause: Error }) => error)
  t.match(failed, lost)
  t.match((failed as { cause: unknown }).cause, { code: /^(EPROTO|ERR_SSL_)/ })
})

t.test('a redirect is not followed, and its connection is closed', async (t) => {
  respond = (_, response) => response.writeHead(302, { location: url }).write('without an end')
  await t.rejects(fetchLong(url, {}), lost)
  await untilFree()
})

t.test('an answer below all statuses is a fault as well', async (t) => {
  const odd = createTcpServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n'))
  })
  odd.listen(0, '127.0.0.1')
  await once(odd, 'listening')
  t.teardown(() => odd.close())
  const { port } = odd.address() as AddressInfo
  const failed = { ...lost, cause: { message: 'status 99' } }
  await t.rejects(fetchLong(`http://127.0.0.1:${port}`, {}), failed as object as Error)
})

t.test('who gives up has the reason, whenever that is', async (t) => {
  const reason = new Error('given up')
  respond = () => {}
  await t.rejects(fetchLong(url, { signal: AbortSignal.abort(reason) }), reason, 'before')
  const asking = new AbortController()
  respond = () => asking.abort(reason)
  await t.rejects(fetchLong(url, { signal: asking.signal }), reason, 'before there is an answer')
  const reading = new AbortController()
  respond = (_, response) => void response.writeHead(200).write('half')
  const answer = await fetchLong(url, { signal: reading.signal })
  const reader = answer.body!.getReader()
  await reader.read()
  reading.abort(reason)
  await t.rejects(reader.read(), reason, 'while it comes')
  await untilFree()
  const late = new AbortController()
  respond = (_, response) => response.end('all')
  const whole = await fetchLong(url, { signal: late.signal })
  t.equal(await whole.text(), 'all')
  while (getEventListeners(late.signal, 'abort').length > 0) await new Promise(setImmediate)
  t.pass('what ended is not kept for its signal')
})

t.test('where there is no Node.js it is fetch', async (t) => {
  respond = (_, response) => response.end('all')
  const fetched = t.capture(globalThis, 'fetch', globalThis.fetch)
  await fetchLong(url, {})
  t.equal(fetched().length, 0)
  t.intercept(process, 'getBuiltinModule', { value: undefined })
  t.equal(await (await fetchLong(url, {})).text(), 'all')
  t.equal(fetched().length, 1)
})
