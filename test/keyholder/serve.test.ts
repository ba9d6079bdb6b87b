/**
 * Goal: a holder believes nothing about who asks: it answers only who shows a certificate by its own
 * authority, no more than its total, and its evaluations are right under its key.
 * Method: `intake matching-key serve` as a process of its own, real TLS; what it answers is verified
 * by the proof of RFC 9497 against the public half of the key file.
 */
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { decodeBase64url, encodeBase64url } from '../../src/protocol/bytes.ts'
import {
  generateMatchingKey,
  type MatchingKey,
  verifyEvaluation,
} from '../../src/protocol/matching/voprf.ts'
import { authority } from '../helpers/certificates.ts'
import { ask, blindedElements, holderFiles, nameOf, serveKeyholder } from '../helpers/holder.ts'

const bytes = (texts: readonly string[]) => texts.map((text) => decodeBase64url(text, 32))

const named = (lines: readonly Record<string, unknown>[], name: string) =>
  lines.filter(({ msg }) => msg === name)

function requireEvaluated(t: Test, key: MatchingKey, elements: readonly string[], body: unknown) {
  const answer = body as { holder: string; elements: string[]; proof: string }
  t.equal(answer.holder, nameOf(key))
  const proof = decodeBase64url(answer.proof, 64)
  verifyEvaluation(key.publicKey, bytes(elements), bytes(answer.elements), proof)
}

/** A holder with two keys, as in the months in which two epochs are listed. */
async function twoKeys(t: Test, flags: readonly string[] = []) {
  const keys = [generateMatchingKey(), generateMatchingKey()] as const
  const files = await holderFiles(t, keys)
  const holder = await serveKeyholder(t, files, flags)
  const evaluate = (elements: readonly string[], key: MatchingKey = keys[0]) =>
    ask(holder.url, files.client, 'POST', '/evaluations', { holder: nameOf(key), elements })
  return { keys, files, holder, evaluate }
}

t.test(
  'it evaluates under each of its keys, and its log names the caller and no element',
  async (t) => {
    const { keys, holder, files, evaluate } = await twoKeys(t)
    t.same(await ask(holder.url, files.client, 'GET', '/healthz'), {
      ...{ status: 200, body: { status: 'ok' } },
    })
    const elements = blindedElements(40)
    for (const key of keys) {
      const { status, body } = await evaluate(elements, key)
      t.equal(status, 200)
      requireEvaluated(t, key, elements, body)
    }
    const { code, lines } = await holder.end()
    t.equal(code, 0, 'and it ends when it is told to')
    t.match(named(lines, 'evaluated'), [
      { caller: 'api', elements: 40, total: 40 },
      { caller: 'api', elements: 40, total: 80 },
    ])
    for (const element of elements) t.notOk(holder.output().includes(element))
  },
)

t.test('without a certificate by its authority nobody is answered', async (t) => {
  const { holder, files, keys } = await twoKeys(t)
  const { ca } = files.client
  const stranger = await authority(files.trusted.name)
  const refused: Record<string, object> = {
    'no certificate': { ca },
    "another authority's, of the same name": { ca, ...(await stranger.issue('api', 'client')) },
    "a server's own": { ca, ...(await files.trusted.issue('holder', 'server')) },
    'a version before TLS 1.3': { ...files.client, maxVersion: 'TLSv1.2' },
  }
  const body = { holder: nameOf(keys[0]), elements: blindedElements(1) }
  for (const [name, certificates] of Object.entries(refused)) {
    await t.rejects(ask(holder.url, certificates, 'POST', '/evaluations', body), name)
    await t.rejects(ask(holder.url, certificates, 'GET', '/healthz'), name)
  }
  const plain = holder.url.replace('https:', 'http:')
  await t.rejects(fetch(`${plain}/healthz`), 'nor over plain HTTP')
  const { lines } = await holder.end()
  t.same(named(lines, 'evaluated'), [])
  t.ok(named(lines, 'a connection was refused').length >= 4)
})

t.test('whoever connects and hangs up is no warning', async (t) => {
  const { holder, files } = await twoKeys(t)
  const socket = connect(Number(new URL(holder.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  await once(socket, 'close')
  t.equal((await ask(holder.url, files.client, 'GET', '/healthz')).status, 200)
  const { lines } = await holder.end()
  t.same(named(lines, 'a connection was refused'), [])
})

t.test('what it refuses is counted nowhere', async (t) => {
  const { keys, holder, files, evaluate } = await twoKeys(t)
  const [element = ''] = blindedElements(1)
  const identity = encodeBase64url(new Uint8Array(32))
  const cases: [unknown, number, string][] = [
    [{ holder: nameOf(generateMatchingKey()), elements: [element] }, 404, 'not-found'],
    [{ holder: nameOf(keys[0]), elements: [] }, 422, 'batch-mismatch'],
    [{ holder: nameOf(keys[0]), elements: blindedElements(41) }, 422, 'batch-mismatch'],
    [{ holder: nameOf(keys[0]), elements: [element, identity] }, 422, 'element-invalid'],
    [{ holder: nameOf(keys[0]), elements: ['garbage'] }, 422, 'element-invalid'],
    [{ holder: nameOf(keys[0]) }, 400, 'malformed-request'],
    [{ holder: nameOf(keys[0]), elements: ['x'.repeat(9_000)] }, 413, 'malformed-request'],
  ]
  for (const [body, status, code] of cases) {
    const answer = await ask(holder.url, files.client, 'POST', '/evaluations', body)
    t.same(answer, { status, body: { code } }, code)
  }
  t.same(await ask(holder.url, files.client, 'GET', '/keys'), {
    ...{ status: 404, body: { code: 'not-found' } },
  })
  t.equal((await evaluate([element])).status, 200)
  t.match(JSON.parse(await readFile(files.state, 'utf8')), { elements: 1 })
})

t.test('over its total it refuses, until tomorrow, and raises alarms on the way', async (t) => {
  const { holder, files, evaluate } = await twoKeys(t, ['--elements-per-day', '50'])
  const outcomes: number[] = []
  for (const count of [24, 1, 14, 1, 9, 2, 2]) {
    outcomes.push((await evaluate(blindedElements(count))).status)
  }
  t.same(outcomes, [200, 200, 200, 200, 200, 429, 429])
  t.equal((await evaluate(blindedElements(1))).status, 200, 'the last one is there for who asks')

  const kept = JSON.parse(await readFile(files.state, 'utf8'))
  t.same(kept, { day: new Date().toISOString().slice(0, 10), elements: 50 })
  await writeFile(files.state, JSON.stringify({ ...kept, day: '2026-01-01' }))
  t.equal((await evaluate(blindedElements(40))).status, 200, 'another day')
  await writeFile(files.state, JSON.stringify({ day: '2999-01-01', elements: 50 }))
  t.equal((await evaluate(blindedElements(1))).status, 429, 'a clock set back gives no new day')

  const { lines } = await holder.end()
  const alarms = lines.filter(({ percent }) => percent !== undefined)
  t.same(
    alarms.map(({ level, percent, total }) => [level, percent, total]),
    [
      [40, 50, 25],
      [40, 80, 40],
      [40, 100, 49],
      // The next day has alarms of its own.
      [40, 50, 40],
      [40, 80, 40],
    ],
  )
  t.equal(named(lines, 'refused').length, 3)
})

t.test('a restart does not give the day anew, killed or ended', async (t) => {
  const limit = ['--elements-per-day', '50']
  const { holder, files, keys, evaluate } = await twoKeys(t, limit)
  t.equal((await evaluate(blindedElements(30))).status, 200)
  await t.rejects(serveKeyholder(t, files, limit), { message: /process \d+ counts in / })
  holder.child.kill('SIGKILL')
  await holder.ended
  const again = await serveKeyholder(t, files, limit)
  const body = { holder: nameOf(keys[0]), elements: blindedElements(30) }
  t.equal((await ask(again.url, files.client, 'POST', '/evaluations', body)).status, 429)
  const { lines } = await again.end()
  t.match(named(lines, 'started'), [{ total: 30, elementsPerDay: 50 }])
  t.notOk((await readdir(files.folder)).includes('total.json.lock'), 'and leaves no lock')
})

t.test('many at once are each counted, and none over the total', async (t) => {
  const { files, evaluate } = await twoKeys(t, ['--elements-per-day', '100'])
  const asked = Array.from({ length: 20 }, () => evaluate(blindedElements(10)))
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 200).length, 10)
  t.equal(statuses.filter((status) => status === 429).length, 10)
  t.match(JSON.parse(await readFile(files.state, 'utf8')), { elements: 100 })
})

t.test(
  'its health answers while batches wait, and a queue that is full is refused at once',
  async (t) => {
    const { holder, files, evaluate } = await twoKeys(t, ['--elements-per-day', '100000'])
    await evaluate(blindedElements(1))
    const elements = blindedElements(40)
    let settled = 0
    const asked = Array.from({ length: 48 }, () => evaluate(elements).finally(() => (settled += 1)))
    const health = await ask(holder.url, files.client, 'GET', '/healthz')
    t.equal(health.status, 200)
    t.ok(settled < 48, 'before the batches were done')
    const outcomes = await Promise.all(asked)
    const refused = outcomes.filter(({ status }) => status === 503)
    t.ok(outcomes.filter(({ status }) => status === 200).length >= 32)
    for (const { body } of refused) t.same(body, { code: 'matching-unavailable' })
    const { elements: total } = JSON.parse(await readFile(files.state, 'utf8'))
    t.equal(total, 1 + 40 * (48 - refused.length), 'and what is refused is not counted')
  },
)

t.test('it does not start on what it cannot rely on, and says why', async (t) => {
  const files = await holderFiles(t, [generateMatchingKey()])
  const starts = async (change: (flags: string[]) => string[]) =>
    serveKeyholder(t, { flags: change([...files.flags]) })
  const without = (name: string) => (flags: string[]) =>
    flags.filter((flag, index) => flag !== name && flags[index - 1] !== name)
  for (const name of ['--key', '--state', '--tls-ca']) {
    await t.rejects(starts(without(name)), { message: new RegExp(`${name} is missing`) }, name)
  }
  const instead = (name: string, file: string) => (flags: string[]) =>
    flags.map((flag, index) => (flags[index - 1] === name ? file : flag))
  const spoilt = await files.put('spoilt.json', '{"day":"2026-11-26"}')
  await t.rejects(starts(instead('--state', spoilt)), { message: /holds no total of a day/ })
  await t.rejects(starts(instead('--key', spoilt)), { message: /key-file-invalid/ })
  await t.rejects(starts(instead('--tls-key', files.state)), { message: /there is no such file/ })
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  await t.rejects(serveKeyholder(t, files, ['--port', String(port)]), { message: /EADDRINUSE/ })
})
