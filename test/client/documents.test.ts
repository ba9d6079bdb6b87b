/**
 * Goal: what sends and fetches files believes a server no place where an upload cannot stand, and joins no parts that are none.
 * Method: the SDK and a server that lies.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { fetchLong } from '../../src/client/body.ts'
import { createReferrer, processMemory } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { newDocumentKey } from '../../src/protocol/documents/seal.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { keys, referralId, trust } from '../protocol/world.ts'
import { serve } from './between.ts'

const bytes = 1_000
const partnerAt = (url: string) =>
  createReferrer({
    ...{ url, trust, memory: processMemory(), signer: keys.partner, token: () => 'none' },
    onUnmatched() {},
  })

t.test('an upload stands nowhere but between what is there and what was sent', async (t) => {
  const read = async (from: number, length: number) =>
    new Uint8Array(Math.min(length, bytes - from))
  const source = { referralId, documentId: newId(), bytes, read }
  const answers: [string, string, RegExp][] = [
    ['', '500', /no place of the upload/],
    ['1e3', '500', /no place of the upload/],
    ['-1', '500', /no place of the upload/],
    ['1001', '500', /stand at 1001/],
    ['400', '400', /stand at 400/],
    ['400', '1001', /stand at 1001/],
  ]
  for (const [head, patch, message] of answers) {
    const { url } = await serve(t, ({ method }) => {
      const offset = method === 'PATCH' ? patch : head
      const status = method === 'POST' ? 201 : 204
      return { status, body: '', headers: method === 'POST' ? {} : { 'upload-offset': offset } }
    })
    const failed = { name: 'BadAnswer', message }
    await t.rejects(partnerAt(url).upload(source), failed, `${head}, ${patch}`)
  }
})

t.test('what is taken is a size, or there is no bound', async (t) => {
  const limitsAt = async (size?: string) => {
    const headers = size === undefined ? {} : { 'tus-max-size': size }
    const { url } = await serve(t, () => ({ status: 204, body: '', headers }))
    return partnerAt(url).uploadLimits()
  }
  t.strictSame(await limitsAt('1000'), { bytesMax: 1000, referralBytesMax: 5000 })
  const unbounded = Number.POSITIVE_INFINITY
  t.strictSame(await limitsAt(), { bytesMax: unbounded, referralBytesMax: unbounded })
  for (const size of ['0', '-1', 'all']) {
    await t.rejects(limitsAt(size), { name: 'BadAnswer', message: /no size/ }, size)
  }
})

t.test('where a line broke, all of the file again is no part of it', async (t) => {
  const whole = Buffer.alloc(bytes, 7)
  const server = createServer(({ headers: { range } }, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': String(bytes) })
    if (range !== undefined) response.end(whole)
    else response.write(whole.subarray(0, 500), () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const fetched = partnerAt(`http://127.0.0.1:${port}`).document(referralId, {
    ...{ documentId: newId(), size: 900, name: 'Scan' },
    ...{ type: 'other', fileType: 'application/pdf' },
    key: encodeBase64url(newDocumentKey()),
    sha256: encodeBase64url(new Uint8Array(32)),
  })
  const all = async () => {
    for await (const _ of fetched) t.fail('nothing of it opens')
  }
  await t.rejects(all(), { name: 'BadAnswer', message: /not all/ })
})

t.test('no status of an answer is thrown where nobody can catch it', async (t) => {
  let status = 0
  const { url } = await serve(t, () => ({ status, body: '' }))
  for (status of [200, 204, 205, 299, 400, 599]) {
    for (const method of ['GET', 'PATCH', 'HEAD']) {
      const answer = await fetchLong(url, { method })
      t.equal(answer.status, status, `${method} ${status}`)
      t.equal(await answer.text(), '')
    }
  }
  for (status of [300, 302, 399, 600, 999]) {
    for (const method of ['GET', 'PATCH', 'HEAD']) {
      const failed = { name: 'TypeError', cause: { message: `status ${status}` } }
      await t.rejects(fetchLong(url, { method }), failed, `${method} ${status}`)
    }
  }
})

t.test(
  'a proxy that has no service for a moment, and lets no large piece through, holds nothing up',
  async (t) => {
    const size = 1_500_000
    const pieceBytesMax = 1_000_000
    let wasAway = false
    let stands = 0
    const server = createServer(async (request, response) => {
      const piece = Number(request.headers['content-length'] ?? 0)
      if (piece > pieceBytesMax) {
        response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>Too Large</h1>')
        return
      }
      if (piece > 0 && !wasAway) {
        wasAway = true
        response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>')
        return
      }
      for await (const part of request) stands += part.length
      const isBegun = request.method === 'POST'
      response
        .writeHead(isBegun ? 201 : 204, isBegun ? {} : { 'upload-offset': String(stands) })
        .end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    const read = async (from: number, length: number) =>
      new Uint8Array(Math.min(length, size - from))
    const source = { referralId, documentId: newId(), bytes: size, read }
    await partnerAt(`http://127.0.0.1:${port}`).upload(source)
    t.equal(stands, size)
  },
)
