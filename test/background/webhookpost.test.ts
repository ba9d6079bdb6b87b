/**
 * Goal: a message goes to the address that was judged, and nowhere else; whatever a receiver does costs little.
 * Method: receivers on this machine's loopback addresses, and a resolver that says what a test wants.
 */
import dns from 'node:dns'
import type { ServerResponse } from 'node:http'
import tls from 'node:tls'
import t from 'tap'
import { createAskName } from '../../src/background/names.ts'
import { createUrlRule, createWebhookPost } from '../../src/background/webhookpost.ts'
import { authority } from '../helpers/certificates.ts'
import { receive, say } from '../helpers/receiver.ts'

const ours = await authority('Ours')
const { key, cert } = await ours.issue('hook.test', 'server', 'hook.test')
tls.setDefaultCACertificates([...tls.getCACertificates('default'), ours.ca])

const trusted = await receive(t, { key, cert })
const plain = await receive(t)
t.beforeEach(() => {
  for (const { received, answers } of [trusted, plain]) [received.length, answers.length] = [0, 0]
})

/** What the resolver says, answer by answer; how often it was asked. */
let names: readonly (readonly string[])[] = []
let asked = 0
const real = dns.lookup
t.teardown(() => {
  dns.lookup = real
})
const says = ((_name: string, _options: unknown, answer: (...args: unknown[]) => void) => {
  const found = names[Math.min(asked, names.length - 1)] ?? []
  asked += 1
  const family = (address: string) => (address.includes(':') ? 6 : 4)
  answer(
    null,
    found.map((address) => ({ address, family: family(address) })),
  )
}) as typeof dns.lookup
dns.lookup = says

function resolveTo(...answers: (readonly string[])[]): void {
  names = answers
  asked = 0
}

const inside = createWebhookPost(['127.0.0.1'])
const outside = createWebhookPost([])
const never = new AbortController().signal
const post = (send: typeof inside, url: string, signal = never) =>
  send(url, { 'webhook-id': 'msg_1', 'content-type': 'application/json' }, '{"type":"x"}', signal)
const https = () => `https://hook.test:${trusted.port}/in?secret=1`
const http = () => `http://127.0.0.1:${plain.port}/in`

t.test('a name is asked for once, and the address that was judged is called', async (t) => {
  // Were it asked again, it would lead elsewhere.
  resolveTo(['127.0.0.1'], ['127.0.0.2'])
  t.match(await post(inside, https()), { status: 204 })
  t.equal(asked, 1)
  t.match(trusted.received, [
    { headers: { host: `hook.test:${trusted.port}`, 'webhook-id': 'msg_1' }, body: '{"type":"x"}' },
  ])
})

t.test('a name that leads inward is not called, not even among others', async (t) => {
  for (const found of [
    ['127.0.0.1'],
    ['93.184.215.14', '127.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['169.254.169.254'],
  ]) {
    resolveTo(found)
    t.same(await post(outside, https()), { fault: 'address' }, found.join())
  }
  resolveTo(['169.254.169.254'])
  t.same(await post(createWebhookPost(['0.0.0.0/0']), https()), { fault: 'address' })
  t.same(trusted.received, [])
})

t.test(
  'an address that is written out is judged as well, and http is for what is named',
  async (t) => {
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '127.1', '2130706433', '0x7f000001']) {
      t.same(await post(outside, `http://${host}:${plain.port}/`), { fault: 'address' }, host)
      t.same(await post(outside, `https://${host}:${plain.port}/`), { fault: 'address' }, host)
    }
    t.same(plain.received, [])
    t.match(await post(inside, http()), { status: 204 })
    resolveTo(['93.184.215.14'])
    t.same(await post(inside, 'http://public.test/'), { fault: 'address' }, 'http to the public')
  },
)

t.test('a redirect leads nowhere', async (t) => {
  plain.answers.push(say(302, { location: http() }), say(307, { location: http() }))
  t.match(await post(inside, http()), { status: 302 })
  t.match(await post(inside, http()), { status: 307 })
  t.equal(plain.received.length, 2)
})

t.test('of an answer the status and Retry-After are read, however long it is', async (t) => {
  plain.answers.push(say(503, { 'retry-after': '120' }))
  t.same(await post(inside, http()), { status: 503, retryAfter: '120' })
  const closed = new Promise<void>((resolve) => {
    plain.answers.push((reply) => {
      reply.writeHead(200)
      const more = () => {
        while (reply.write('x'.repeat(65_536)));
      }
      reply.on('drain', more)
      reply.on('close', resolve)
      more()
    })
  })
  t.match(await post(inside, http()), { status: 200 })
  await closed
  plain.answers.push(say(200, { 'x-long': 'x'.repeat(100_000) }))
  t.same(await post(inside, http()), { fault: 'connection' }, 'headers without end')
})

t.test('what fails before there is an answer has a kind', async (t) => {
  const stranger = await authority('A stranger')
  resolveTo(['127.0.0.1'])
  const other = await receive(t, await stranger.issue('hook.test', 'server', 'hook.test'))
  const untrusted = await post(inside, `https://hook.test:${other.port}/`)
  t.same(untrusted, { fault: 'certificate' })
  t.same(other.received, [])
  t.same(await post(inside, `https://other.test:${trusted.port}/`), { fault: 'certificate' })
  t.same(await post(inside, 'http://127.0.0.1:1/'), { fault: 'connection' })
  plain.answers.push((reply) => void reply.socket?.destroy())
  t.same(await post(inside, http()), { fault: 'connection' })
  dns.lookup = real
  t.same(await post(inside, 'https://hook.invalid/'), { fault: 'name' })
})

t.test('one that answers by another protocol has failed at once', async (t) => {
  plain.answers.push(({ socket }) => {
    socket?.end('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n')
  })
  t.same(await post(inside, http()), { fault: 'connection' })
})

t.test(
  'a name whose servers are silent is given up, and leaves the resolver to others',
  async (t) => {
    const sends = createWebhookPost(['127.0.0.1'], createAskName(50))
    const silent: (() => void)[] = []
    dns.lookup = ((_name: string, _options: unknown, answer: (...args: unknown[]) => void) => {
      silent.push(() => answer(null, [{ address: '127.0.0.1', family: 4 }]))
    }) as typeof dns.lookup
    const tried = await Promise.all([
      post(sends, https()),
      post(sends, https()),
      post(sends, https()),
    ])
    t.same(tried, [{ fault: 'name' }, { fault: 'name' }, { fault: 'name' }])
    t.equal(silent.length, 1, 'one question is under way')
    dns.lookup = says
    silent[0]?.()
    resolveTo(['127.0.0.1'])
    t.match(await post(sends, https()), { status: 204 })
    t.equal(asked, 1, 'what was given up is not asked')
    t.equal(trusted.received.length, 1)
  },
)

t.test(
  'one that never answers is given up, and so is one that never comes to an end of it',
  async (t) => {
    const impatient = createWebhookPost(['127.0.0.1'], createAskName(), 200)
    const never = () => {}
    const slowly = ({ socket }: ServerResponse) => {
      const more = setInterval(() => socket?.write('H'), 20)
      socket?.on('close', () => clearInterval(more))
      socket?.write('HTTP/1.1 204 ')
    }
    for (const answer of [never, slowly]) {
      const left = new Promise<void>((resolve) => {
        plain.answers.push((reply) => {
          reply.socket?.on('close', resolve)
          answer(reply)
        })
      })
      t.same(await post(impatient, http()), { fault: 'timeout' })
      await left
    }
    t.match(await post(impatient, http()), { status: 204 })
  },
)

t.test('one that says again and again that it will answer has failed', async (t) => {
  plain.answers.push((reply) => {
    const { socket } = reply
    const more = () => {
      while (socket?.writable && socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)));
    }
    socket?.on('drain', more)
    more()
  })
  t.same(await post(inside, http()), { fault: 'connection' })
  plain.answers.push((reply) => {
    for (let count = 0; count < 5; count += 1) reply.writeProcessing()
    reply.writeHead(204).end()
  })
  t.match(await post(inside, http()), { status: 204 }, 'some may')
})

t.test('one that does not answer is left when the service ends', async (t) => {
  const ending = new AbortController()
  plain.answers.push(() => ending.abort())
  t.same(await post(inside, http(), ending.signal), { fault: 'connection' })
})

t.test('an endpoint is refused where it shows without a question', async (t) => {
  const strict = createUrlRule([])
  const refused: Record<string, RegExp> = {
    'not an address': /not an address/,
    'http://hook.test/': /https/,
    'ftp://hook.test/': /https/,
    'file:///etc/passwd': /https/,
    'https://user:secret@hook.test/': /password/,
    'https://user@hook.test/': /password/,
    'https://hook.test/#part': /fragment/,
    'https://127.0.0.1/': /not called/,
    'https://[::1]/': /not called/,
    'https://169.254.169.254/latest/meta-data': /not called/,
    'https://2852039166/': /not called/,
  }
  for (const [url, words] of Object.entries(refused)) t.match(strict(url), words, url)
  t.equal(strict('https://hook.test:8443/in?x=1'), undefined)
  const named = createUrlRule(['10.0.0.0/8'])
  t.equal(named('http://hook.internal/in'), undefined, 'its name may lead there')
  t.match(named('http://192.168.1.1/'), /not called/)
})
