// Goal: a witness is heard, and cannot fill the memory of whoever asks it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { post } from '../../src/background/post.ts'

const server = createServer((request, response) => {
  if (request.url === '/moved') response.writeHead(307, { location: '/short' }).end()
  else if (request.url === '/long') response.end('x'.repeat(17 * 1024))
  else request.pipe(response.writeHead(409))
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
t.teardown(() => server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

t.test('an answer is read with its status', async (t) => {
  t.same(await post(`${url}/short`, 'old 5\n'), { status: 409, text: 'old 5\n' })
})

t.test('one that is too long, or comes from elsewhere, is not', async (t) => {
  await t.rejects(post(`${url}/long`, ''), /over 16384 bytes/)
  await t.rejects(post(`${url}/moved`, ''), TypeError)
})
