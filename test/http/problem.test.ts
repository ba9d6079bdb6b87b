/** Goal: whatever is thrown, the caller learns what to do and nothing else, and the log as little. */
import { readFile } from 'node:fs/promises'
import { METHODS } from 'node:http'
import { connect as openSocket } from 'node:net'
import { join } from 'node:path'
import { errorCodes } from 'fastify'
import t from 'tap'
import { readPublicKey } from '../../src/access/token.ts'
import { type ErrorCode, Refusal } from '../../src/errors.ts'
import { createApp } from '../../src/http/app.ts'
import { problems } from '../../src/http/problems.ts'
import { createLogger } from '../../src/log.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const secret = 'Zuleika, 4 Dock Street'
const built = await build(t)
const { world, database, url } = built
const sql = asSuperuser(t, built.databases)
const codes = Object.keys(problems) as ErrorCode[]
t.afterEach(() => requireBalanced(sql))

/** The same service with routes beside its own, which throw what they are told. */
async function throwing(routes: Record<string, () => Promise<unknown>>) {
  const lines: string[] = []
  const app = await createApp({
    ...{ database, origin: world.origin },
    sealKey,
    tokenPublicKey: await readPublicKey(join(built.folder, 'token-key.pem')),
    logger: createLogger('debug', { write: (line: string) => void lines.push(line) }),
  })
  for (const [path, handler] of Object.entries(routes)) {
    app.route({ method: 'GET', url: path, schema: { security: [] }, handler })
  }
  t.teardown(() => app.close())
  return { app, log: () => lines.join(''), lines: () => lines.map((line) => JSON.parse(line)) }
}

t.test('every code of the source has a row, and every row is a code', async (t) => {
  const source = await readFile(new URL('../../src/errors.ts', import.meta.url), 'utf8')
  const union = source.slice(source.indexOf('export type ErrorCode'), source.indexOf('/**', 400))
  const named = [...union.matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map(([, code]) => code!)
  t.ok(named.length > 30)
  t.same(named.sort(), [...codes].sort())
})

t.test('every code leaves as a whole problem document whose type answers', async (t) => {
  const thrown = codes.map((code): [string, () => Promise<never>] => [
    `/throw/${code}`,
    async () => {
      throw new Refusal(code, 'header.region is not known', { cause: new Error(secret) })
    },
  ])
  const { app, log } = await throwing(Object.fromEntries(thrown))
  for (const code of codes) {
    const answer = await app.inject(`/throw/${code}`)
    const body = answer.json()
    const { status, title, retry, next } = problems[code]
    t.match(answer.headers['content-type'], /^application\/problem\+json/, code)
    t.equal(answer.headers['cache-control'], 'no-store')
    t.equal(answer.statusCode, status)
    t.same(body, {
      ...{ type: `/problems/${code}`, title, status, detail: 'header.region is not known' },
      ...{ instance: body.instance, code, retry, next },
      ...(code !== 'outcome-unknown' && { stored: false }),
    })
    t.match(body.instance, /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const page = await fetch(url + body.type)
    t.equal(page.status, 200, `${code} has a page`)
    t.match(page.headers.get('content-type'), /^text\/markdown/)
    const text = await page.text()
    t.ok(text.startsWith(`## ${code}\n`) && text.length > code.length + 60, `${code} is explained`)
    t.equal(text.match(/^## /gm)?.length, 1, 'and by its own page only')
  }
  t.notOk(log().includes(secret))
})

t.test('a row says what to do, in a status that fits', (t) => {
  for (const [code, { status, title, retry, next }] of Object.entries(problems)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.ok(status >= 400 && status < 600)
    t.match(title, /^[A-Z].*[^.]$/, code)
    t.match(next, /^[A-Z].*\.$/s, code)
    t.equal(retry === 'later', [408, 429, 503].includes(status), code)
  }
  t.end()
})

t.test('every page is that of a code', async (t) => {
  const text = await readFile(new URL('../../docs/PROBLEMS.md', import.meta.url), 'utf8')
  const pages = [...text.matchAll(/^## (.*)$/gm)].map(([, code]) => code!)
  t.same(
    pages.filter((page) => !codes.includes(page as ErrorCode)),
    [],
  )
  for (const path of ['/problems/no-such-code', '/problems/constructor']) {
    t.equal((await fetch(url + path)).status, 404, path)
  }
})

t.test('a bug is answered bare, and logged without its message', async (t) => {
  const { referralId } = await refer(built)
  const system = { kind: 'system', request: referralId } as const
  const bugs: Record<string, () => Promise<unknown>> = {
    '/bug/error': async () => {
      throw new Error(secret)
    },
    '/bug/type': async () => JSON.parse(secret),
    '/bug/string': () => Promise.reject(secret),
    '/bug/nothing': () => Promise.reject(undefined),
    '/bug/object': () => Promise.reject({ message: secret, statusCode: 418, code: secret }),
    '/bug/http': () => Promise.reject(Object.assign(new Error(secret), { statusCode: 400 })),
    '/bug/cause': async () => {
      throw new Error('outer', { cause: new Error(secret) })
    },
    '/bug/detail': () =>
      database.inTransaction(
        system,
        (tx) => tx.sql`insert into referral_case values (${referralId}, ${referralId})`,
      ),
    '/bug/value': () =>
      database.inTransaction(system, (tx) => tx.sql`select ${secret}::text::uuid`),
    '/bug/statement': () => database.inTransaction(system, (tx) => tx.sql.unsafe(secret)),
  }
  const { app, log, lines } = await throwing(bugs)
  for (const path of Object.keys(bugs)) {
    const answer = await app.inject(path)
    t.equal(answer.statusCode, 500, path)
    t.strictSame(answer.json(), { type: 'about:blank', title: 'Internal error', status: 500 }, path)
  }
  t.notOk(log().includes('Zuleika'))
  t.notOk(log().includes(referralId))
  const errors = lines().filter(({ level }) => level === 50)
  t.equal(errors.length, Object.keys(bugs).length, 'each is logged')
  for (const { msg } of errors) t.equal(msg, 'unforeseen error')
  const [detail] = errors.filter(({ err }) => err?.code === '23505')
  t.match(detail?.err, { constraint: 'referral_case_pkey', table: 'referral_case' })
  t.ok(errors[0].err.frames[0].includes('problem.test.ts'), 'with where it arose')
})

t.test('what no route could be found for is refused, and not repeated', async (t) => {
  const word = 'zuleika'
  const rows: [string, number, string][] = [
    [`/v1/referrals/%zz${word}`, 400, 'malformed-request'],
    [`/v1/referrals/${word.repeat(20)}`, 404, 'not-found'],
    [`/v1/${word}`, 404, 'not-found'],
    [`/v1/keyset/${word}`, 400, 'malformed-request'],
    [`/?${word}`, 404, 'not-found'],
  ]
  for (const [path, status, code] of rows) {
    const response = await fetch(url + path)
    const text = await response.text()
    t.equal(response.status, status, path)
    t.match(JSON.parse(text), { code, status, stored: false }, path)
    t.notOk(text.includes(word), path)
  }
  // Node parses these, and none of them is a method of ours. CONNECT never becomes a request.
  const none = METHODS.filter((method) => !['GET', 'HEAD', 'CONNECT'].includes(method))
  t.ok(none.includes('PROPFIND') && none.includes('QUERY'))
  for (const method of none) {
    for (const [path, body] of [
      ['/v1/keyset', ''],
      [`/v1/${word}`, '{}'],
    ] as const) {
      const text = await answerTo(
        `${method} ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n` +
          (body && `content-type: application/json\r\ncontent-length: ${body.length}\r\n`) +
          `\r\n${body}`,
      )
      t.ok(text.startsWith('HTTP/1.1 404 '), `${method} ${path}`)
      t.match(text, /"code":"not-found"/)
    }
  }
  t.equal((await fetch(`${url}/v1/keyset`, { method: 'HEAD' })).status, 200)
  t.notOk(built.log().includes(word))
  t.notOk(built.log().includes('unforeseen'))
})

t.test('whatever Fastify blames the caller for is a problem of ours', async (t) => {
  const blaming = Object.entries(errorCodes)
    .map(([name, Fault]) => ({ name, error: new Fault(secret, secret) }))
    .filter(({ error }) => (error.statusCode ?? 500) < 500)
  t.ok(blaming.length > 10)
  const later = { code: 'FST_ERR_OF_A_LATER_VERSION', statusCode: 422 }
  const error = Object.assign(new errorCodes.FST_ERR_VALIDATION(secret), later)
  blaming.push({ name: 'one of a later version', error })
  const routes = blaming.map(({ error }, at): [string, () => Promise<never>] => [
    `/blame/${at}`,
    () => Promise.reject(error),
  ])
  const { app, log } = await throwing(Object.fromEntries(routes))
  for (const [at, { name, error }] of blaming.entries()) {
    const answer = await app.inject(`/blame/${at}`)
    const { code, status, detail } = answer.json()
    t.ok(codes.includes(code), `${name} is ${code}`)
    t.equal(status, problems[code as ErrorCode].status, name)
    t.ok(status < 500)
    t.notMatch(detail, secret, `${name} keeps ${error.message.length} characters to itself`)
  }
  t.notOk(log().includes('unforeseen'))
})

t.test('an upload that breaks off is told as that, and is no fault of the service', async (t) => {
  const token = await world.token(world.referring.lawFirm.clientId)
  const before = built.log().length
  const socket = openSocket(Number(new URL(url).port), '127.0.0.1')
  const path = `/v1/referrals/${newId()}`
  socket.write(
    `PUT ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n` +
      'content-type: application/json\r\ncontent-length: 5000\r\n\r\n{"header":',
  )
  const refused = () => sql`
    select from audit_entry where convert_from(leaf, 'UTF8')::jsonb ->> 'reason' = 'request-incomplete'`
  setTimeout(() => socket.destroy(), 300)
  while ((await refused()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal((await refused()).length, 1, 'as an entry of whoever sent it')
  const lines = built
    .log()
    .slice(before)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  t.match(
    lines.find(({ msg }) => msg === 'a request broke off'),
    { level: 30 },
  )
  t.same(
    lines.filter(({ level }) => level > 30),
    [],
  )
})

const answerTo = (bytes: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = openSocket(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (data) => (text += data))
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })

t.test('what is no HTTP is answered as such, and not repeated', async (t) => {
  const rows: [string, string][] = [
    ['ZULEIKA\r\n\r\n', '400 Bad Request'],
    ['ZULEIKA / HTTP/1.1\r\nhost: a\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/1.1\r\nzuleika\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: zuleika\r\n\r\n', '400 Bad Request'],
    [`GET / HTTP/1.1\r\nhost: a\r\nzuleika: ${'a'.repeat(20_000)}\r\n\r\n`, '431 Request Header'],
  ]
  for (const [bytes, status] of rows) {
    const text = await answerTo(bytes)
    t.ok(text.startsWith(`HTTP/1.1 ${status}`), status)
    const [head = '', body = ''] = text.split('\r\n\r\n')
    t.match(head, /application\/problem\+json/)
    t.match(head, new RegExp(`content-length: ${Buffer.byteLength(body)}`, 'i'))
    const problem = JSON.parse(body)
    t.ok(codes.includes(problem.code) && problem.stored === false)
    t.equal(problem.status, Number(status.slice(0, 3)))
    t.notMatch(text, /zuleika/i)
  }
})
