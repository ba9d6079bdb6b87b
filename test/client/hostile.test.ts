/**
 * Goal: a service that was broken into, or a machine in its place, keeps no client busy, fills no memory and has it work on no
 * more than it asked for.
 * Method: the SDK's own parts against a server that says what a test wants.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createClaiming } from '../../src/client/claiming.ts'
import { attachmentOf, createDocuments } from '../../src/client/documents.ts'
import { createExporting, type ExportingParts } from '../../src/client/exporting.ts'
import {
  attachmentsIn,
  createSignIn,
  newId,
  processMemory,
  ServiceProblem,
} from '../../src/client/index.ts'
import { type Correspondent, createCorrespondence } from '../../src/client/messages.ts'
import type { Notes } from '../../src/client/notes.ts'
import { createTransport } from '../../src/client/transport.ts'
import { createWatching } from '../../src/client/watching.ts'
import { createWebhooks } from '../../src/client/webhooks.ts'
import { makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { generateClientKey } from '../../src/protocol/partner/clientkey.ts'
import { sealedFile } from '../helpers/documents.ts'
import { type Passed, serve } from './between.ts'

const token = () => 'the-token'
const ids = () => ({ itemId: newId(), caseId: newId() })
const change = (id: string) => ({ id, type: 'opened', at: '2026-11-29T10:00:00.000Z', ...ids() })
const said = (value: object, status = 200) => ({ status, body: JSON.stringify(value) })

/** How many requests a follower of changes makes within 500 ms, what it is given and what it is told. */
async function followed(answer: (request: Passed) => ReturnType<typeof said>) {
  const ending = new AbortController()
  let isBegun = false
  const { url, passed } = await serve(t, (request) => {
    if (!isBegun) setTimeout(() => ending.abort(), 500)
    isBegun = true
    return answer(request)
  })
  const [pages, troubles]: [unknown[], unknown[]] = [[], []]
  const { changes } = createWatching(createTransport({ url, token }))
  const onTrouble = (error: unknown) => void troubles.push(error)
  for await (const page of changes({ signal: ending.signal, onTrouble })) pages.push(page)
  return { pages, troubles, requests: passed.length }
}

t.test('a place that is lost again and again is looked for ever more rarely', async (t) => {
  const outdated = said({ code: 'cursor-outdated', retry: 'never' }, 409)
  const { pages, requests } = await followed(({ path }) =>
    path.includes('since=') ? outdated : said({ changes: [], next: 'a' }),
  )
  t.ok(pages.length <= 2, 'the first time at once')
  t.ok(requests <= 4, `${requests} requests`)
})

t.test('changes behind which the place stays the same are not handed on', async (t) => {
  const { pages, troubles, requests } = await followed(({ path }) =>
    said({ changes: path.includes('since=') ? [change('1')] : [], next: 'a' }),
  )
  t.equal(pages.length, 1)
  t.match(troubles, [{ name: 'BadAnswer' }])
  t.equal(requests, 2)
})

t.test('the number of a change is one, for it goes into a header', async (t) => {
  for (const id of ['1\r\nx: y', '1.2', '', '9'.repeat(40), '\u001b[2J']) {
    const { pages, troubles } = await followed(() => said({ changes: [change(id)], next: 'a' }))
    t.same(pages, [], JSON.stringify(id))
    t.match(troubles, [{ name: 'BadAnswer' }])
  }
})

t.test('more work than was asked for is not begun', async (t) => {
  const item = {
    ...{ claimId: newId(), fence: 1, caseId: newId(), urgency: 'soon', lapses: 0, attempts: 1 },
    ...{ dueAt: '2026-11-29T10:00:00.000Z', leasedUntil: '2026-11-29T10:05:00.000Z' },
    ...{ unverified: false, referrals: [] },
  }
  const { url } = await serve(t, ({ body }) => {
    return said({ claims: Array(JSON.parse(body).recipient === 'two' ? 2 : 1).fill(item) })
  })
  const claiming = (kid: string) =>
    createClaiming(createTransport({ url, token }), kid, undefined as unknown as Notes)
  const asked = { max: 1, leaseSeconds: 60 }
  t.equal((await claiming('one').claim(asked)).length, 1)
  await t.rejects(claiming('two').claim(asked), { name: 'BadAnswer', message: /more/ })
})

t.test('what is written down as the secret of a webhook is one', async (t) => {
  const at = '2026-11-29T10:00:00.000Z'
  const endpointId = newId()
  const endpoint = { endpointId, url: 'https://hook.test/', createdAt: at, tries: 0 }
  const good = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  let secret: string | undefined
  const { url } = await serve(t, () => said({ ...endpoint, nextTryAt: at, failures: [], secret }))
  const webhooks = createWebhooks({ url, token })
  for (secret of [undefined, '', 'whsec_', '\u001b]0;x\u0007', `${good}\n${good}`, 'whsec_AAAA']) {
    await t.rejects(webhooks.add('https://hook.test/'), { name: 'BadAnswer' }, String(secret))
    await t.rejects(webhooks.rotate(endpointId, 24), { name: 'BadAnswer' }, String(secret))
  }
  secret = good
  t.match(await webhooks.add('https://hook.test/'), { secret: good })
  t.match(await webhooks.rotate(endpointId, 24), { secret: good })
})

t.test('an issuer of tokens is read to a limit, and never followed elsewhere', async (t) => {
  let sent = 0
  let elsewhere = 0
  const server = createServer((request, reply) => {
    if (request.url === '/elsewhere') elsewhere += 1
    if (request.url?.startsWith('/away') || request.url?.includes('/oauth/away')) {
      reply.writeHead(307, { location: '/elsewhere' }).end()
      return
    }
    reply.writeHead(200, { 'content-type': 'application/json' })
    reply.write('{"issuer":"')
    const more = () => {
      while (sent < 64 * 1024 * 1024) {
        sent += 65_536
        if (!reply.write('x'.repeat(65_536))) return
      }
      reply.end('"}')
    }
    reply.on('drain', more)
    more()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const signIn = (url: string) => createSignIn({ url, clientId: newId(), key: generateClientKey() })
  await t.rejects(signIn(base).ready())
  t.ok(sent < 8 * 1024 * 1024, `${sent} bytes were taken`)
  await t.rejects(signIn(`${base}/away`).ready())
  t.equal(elsewhere, 0)
})

t.test('an upload that gets no further comes to an end', async (t) => {
  const file = { referralId: newId(), documentId: newId(), bytes: 1_000 }
  const read = async () => new Uint8Array(10)
  const paths = { call: {}, uploads: '/v1/documents', pathOf: () => '' }
  // It stands where it stood, before that, behind the end of the piece or of the file.
  for (const offset of [0, 11, 1_001]) {
    const { url, passed } = await serve(t, ({ method }) => {
      const headers = { 'upload-offset': String(method === 'HEAD' ? 0 : offset) }
      return { status: method === 'POST' ? 201 : 200, body: '', headers }
    })
    const { upload } = createDocuments(createTransport({ url, token }), paths)
    await t.rejects(upload({ ...file, read }), { name: 'BadAnswer' })
    t.equal(passed.length, 3)
  }
  const { url } = await serve(t, () => {
    return { status: 200, body: '', headers: { 'upload-offset': '1001' } }
  })
  const { upload } = createDocuments(createTransport({ url, token }), paths)
  await t.rejects(upload({ ...file, read }), { name: 'BadAnswer' })
})

t.test('what is listed as a document and is none hides no other', (t) => {
  const bytes = 'A'.repeat(43)
  const one = {
    ...{ type: 'other', documentId: newId(), key: bytes, sha256: bytes, size: 1 },
    ...{ fileType: 'text/plain', name: 'x' },
  }
  const newer = { ...one, fileType: 'image/avif' }
  const others = [null, 1, 'x', [], { ...one, fileType: 5 }, { ...one, fileType: ['a'] }]
  t.same(attachmentsIn([...others, one, newer]), [one, newer])
  t.same(attachmentsIn({}), [])
  t.end()
})

t.test(
  'messages whose pages hold nothing, or go on for ever, are not read to the end',
  async (t) => {
    const referralId = newId()
    const by = {
      ...{ side: 'recipient', reader: undefined, call: {} },
      pathOf: (_: string, query: object) => `/messages?${JSON.stringify(query)}`,
    } as unknown as Correspondent
    const memoryOf = { memory: processMemory(), origin: 'intake.test' }
    const one = { place: 1, at: '2026-11-29T10:00:00.000Z', entryId: newId(), message: {} }
    const turns = [
      (page: number) => ({ messages: [], next: page }),
      (page: number) => ({ messages: [one], next: 20_000 + page }),
    ]
    for (const turn of turns) {
      let page = 0
      const { url } = await serve(t, () => {
        page += 1
        return page > 5 ? said({}, 500) : said({ referralId, uploaded: [], ...turn(page) })
      })
      const { read } = createCorrespondence(createTransport({ url, token }), { memoryOf } as never)
      await t.rejects(read(by, referralId), { name: 'BadAnswer', message: /have no end/ })
      t.equal(page, 1)
    }
  },
)

t.test(
  'a document whose line breaks is asked for from there, and followed nowhere else',
  async (t) => {
    const plain = Uint8Array.from({ length: 500_000 }, (_, at) => (at * 7) & 255)
    const file = sealedFile(newId(), plain)
    const ranges: (string | undefined)[] = []
    let elsewhere = 0
    const server = createServer(({ url, headers: { range } }, reply) => {
      if (url === '/silent') return
      if (url === '/away') return void reply.writeHead(307, { location: '/elsewhere' }).end()
      if (url === '/elsewhere') elsewhere += 1
      ranges.push(range)
      const from = Number(/[0-9]+/.exec(range ?? '0')?.[0])
      const rest = file.sealed.slice(from)
      reply.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length })
      if (ranges.length > 2) reply.end(rest)
      else reply.write(rest.slice(0, 150_000), () => reply.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const paths = { call: {}, uploads: '', pathOf: () => '/file' }
    const transport = createTransport({ url, token, timeoutMs: 1_000 })
    const about = { type: 'other', fileType: 'text/plain', name: 'x' } as const
    const { documentId } = file
    const attachment = attachmentOf({ ...about, documentId }, file.key, file)
    const parts: Uint8Array[] = []
    for await (const part of createDocuments(transport, paths).document(
      file.referralId,
      attachment,
    )) {
      parts.push(part.slice())
    }
    t.ok(Buffer.concat(parts).equals(plain))
    t.equal(ranges.length, 3)
    t.equal(ranges[0], undefined)

    await t.rejects(transport.exchange({ method: 'GET', path: '/away' }), { name: 'NoAnswer' })
    t.equal(elsewhere, 0)
    const late = { name: 'NoAnswer', message: /within 1 s/ }
    await t.rejects(transport.exchange({ method: 'GET', path: '/silent' }), late)
  },
)

t.test('the case of another person is not copied for whoever named a reference', async (t) => {
  const [asked, other] = [newId(), newId()]
  const [name, reference] = [asked, other].map((id) => makeReference(id, 1))
  const at = '2026-11-29T10:00:00.000Z'
  const of = { state: 'received', receivedAt: at, notes: 0, unread: 0, keys: 'none' }
  const found = {
    ...{ caseId: newId(), flags: [], judgements: [] },
    referrals: [{ referralId: other, reference, ...of }],
  }
  const beside = { referralId: other, statements: [], settings: [], documents: [] }
  const { url } = await serve(t, () => said({ case: found, referrals: [beside], entries: [] }))
  let fetched = 0
  const parts = {
    transport: createTransport({ url, token }),
    fetch() {
      fetched += 1
      throw new ServiceProblem({ code: 'not-found' } as never)
    },
  } as unknown as ExportingParts
  const { exportCase } = createExporting(parts)
  await t.rejects(exportCase(name!), { code: 'reference-mismatch' })
  t.equal(fetched, 0, 'nothing of it is released')
  t.equal((await exportCase(reference!)).referrals.length, 1)
})
