/**
 * Goal: whatever becomes of a holder of the matching key, the service says so in two seconds, charges
 * what may have been evaluated and no more, and goes on taking referrals.
 * Method: in the holder's place, strangers that are down, slow or wrong, over real TLS.
 */
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { decodeBase64url, encodeBase64url } from '../../src/protocol/bytes.ts'
import {
  blindEvaluate,
  generateMatchingKey,
  type MatchingKey,
} from '../../src/protocol/matching/voprf.ts'
import { serviceApart } from '../helpers/apart.ts'
import { authority } from '../helpers/certificates.ts'
import { holderFiles, nameOf } from '../helpers/holder.ts'
import { refer } from '../helpers/referral.ts'

/** Listens on a port of its own until `t` ends. */
async function listen(t: Pick<Test, 'teardown'>, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

/** Answers as `change` makes of an honest answer. */
function liar(key: MatchingKey, change: (answer: Honest, asked: string[]) => unknown) {
  return (request: Parameters<RequestListener>[0], response: Parameters<RequestListener>[1]) => {
    let text = ''
    request.on('data', (chunk) => (text += chunk))
    request.on('end', () => {
      const { holder, elements } = JSON.parse(text)
      const blinded = elements.map((element: string) => decodeBase64url(element, 32))
      const evaluated = blindEvaluate(key, blinded)
      const honest = {
        holder,
        elements: evaluated.elements.map((element) => encodeBase64url(element)),
        proof: encodeBase64url(evaluated.proof),
      }
      const body = change(honest, elements)
      response.setHeader('content-type', 'application/json')
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  }
}
type Honest = { holder: string; elements: string[]; proof: string }

t.test('a holder that is down, slow or wrong costs match keys, and never a referral', async (t) => {
  const [key, other] = [generateMatchingKey(), generateMatchingKey()]
  const files = await holderFiles(t, [])
  const own = await files.trusted.issue('holder', 'server')
  const { use, built, evaluate, spent, log } = await serviceApart(t, [key])
  const https = async (listener: RequestListener, certificate = own) => {
    const tls = { ...certificate, ca: files.trusted.ca, requestCert: true }
    const server = createServer(tls, listener)
    t.teardown(() => server.closeAllConnections())
    return listen(t, server)
  }
  const stranger = await (await authority('stranger')).issue('holder', 'server')
  const nobody = createTcpServer()
  const down = await listen({ teardown: () => {} }, nobody)
  await new Promise((resolve) => nobody.close(resolve))
  const sockets = createTcpServer((socket) => void socket.resume().on('error', () => {}))
  const mute = await listen({ teardown: () => {} }, sockets)
  t.teardown(() => sockets.close())
  const plain = createHttpServer((_, response) => response.end('{}'))
  const refuse = (status: number) => (_: unknown, response: Parameters<RequestListener>[1]) =>
    void response.writeHead(status).end('{}')

  const faults: { name: string; port: number; reason: RegExp; counted: boolean }[] = [
    { name: 'down', port: down, reason: /ECONNREFUSED/, counted: false },
    { name: 'no TLS, and no word', port: mute, reason: /too slow/, counted: false },
    {
      ...{ name: 'no answer', reason: /too slow/, counted: true },
      port: await https(() => {}),
    },
    {
      ...{ name: 'plain HTTP', reason: /./, counted: false },
      port: await listen(t, plain),
    },
    {
      ...{ name: 'a certificate by another authority', reason: /./, counted: false },
      port: await https(
        liar(key, (answer) => answer),
        stranger,
      ),
    },
    {
      ...{ name: 'evaluates under another key', reason: /a wrong evaluation/, counted: true },
      port: await https(liar(other, (answer) => answer)),
    },
    {
      ...{ name: 'names another key', reason: /another key/, counted: true },
      port: await https(liar(other, (answer) => ({ ...answer, holder: nameOf(other) }))),
    },
    {
      ...{ name: 'exchanges two elements', reason: /a wrong evaluation/, counted: true },
      port: await https(
        liar(key, ({ elements, ...answer }) => ({ ...answer, elements: elements.toReversed() })),
      ),
    },
    {
      ...{ name: 'gives back what was asked', reason: /a wrong evaluation/, counted: true },
      port: await https(liar(key, (answer, elements) => ({ ...answer, elements }))),
    },
    {
      ...{ name: 'answers fewer', reason: /another form/, counted: true },
      port: await https(liar(key, (answer) => ({ ...answer, elements: answer.elements.slice(1) }))),
    },
    {
      ...{ name: 'a proof too short', reason: /another form/, counted: true },
      port: await https(liar(key, (answer) => ({ ...answer, proof: nameOf(key) }))),
    },
    {
      ...{ name: 'no JSON', reason: /another form/, counted: true },
      port: await https(liar(key, () => '<html>')),
    },
    {
      ...{ name: 'endless', reason: /too long/, counted: true },
      port: await https(liar(key, () => ' '.repeat(100_000))),
    },
    { name: 'fails', port: await https(refuse(500)), reason: /500/, counted: true },
    { name: 'is busy', port: await https(refuse(503)), reason: /too busy/, counted: false },
    { name: 'has another key', port: await https(refuse(404)), reason: /^/, counted: false },
  ]
  let charged = 0
  for (const { name, port, reason, counted } of faults) {
    use([`https://127.0.0.1:${port}`], files.client)
    const begun = performance.now()
    const evaluated = evaluate(3)
    t.ok((await refer(built)).acknowledgement, `${name}: a referral is taken meanwhile`)
    const { status, body } = await evaluated
    t.match({ status, body }, { status: 503, body: { code: 'matching-unavailable' } }, name)
    t.ok(performance.now() - begun < 15_000, `${name}: in time`)
    t.match(log(), reason, name)
    charged += counted ? 3 : 0
    t.equal(await spent(), charged, `${name}: charged if it may have been evaluated`)
  }
})
