/**
 * Goal: one client that floods a replica does not stand in the way of another, and cannot take more by
 * hanging up.
 * Method: a table that every submission writes is locked, so that what is begun stays begun: PostgreSQL
 * itself counts how much of a client is worked on.
 */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import { shares } from '../../src/access/shares.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { sealedFile, tusAt } from '../helpers/documents.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, holdTable } from '../helpers/superuser.ts'

const requestsAtOnce = 3
const waitingMax = 100
const { world, url, databases } = await build(t, {
  share: { requestsAtOnce, requestsPerMinute: 600, waitMsMax: 60_000 },
})
const sql = asSuperuser(t, databases)
const token = await world.token(world.referring.lawFirm.clientId)
const asCasework = await callerOf(world, url, world.clients.casework)

/** Sends a referral of the law firm, and hangs up when told to. */
function send(hangUp?: AbortSignal) {
  const envelope = sealed(world)
  return fetch(`${url}/v1/referrals/${envelope.header.referralId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(envelope),
    ...(hangUp && { signal: hangUp }),
  })
}

const blocked = async () =>
  (
    await sql`
      select count(distinct a.pid)::int as count from pg_stat_activity a join pg_locks l using (pid)
      where a.datname = current_database() and a.wait_event_type = 'Lock'
        and l.relation = 'referral'::regclass and l.mode = 'RowExclusiveLock'
        -- The background work deletes wraps whose grant has ended.
        and a.query like '%insert into wrap%'`
  )[0]!.count as number

t.test('of a client that floods a few are worked on, and another is served', async (t) => {
  const held = await holdTable(sql, 'wrap')
  const sent = Array.from({ length: 20 }, () => send())
  await held.blocked(requestsAtOnce)
  // More than all connections would be taken by now, if they were let.
  for (let times = 0; times < 20; times += 1) {
    t.equal((await asCasework('GET', '/v1/triage/items?state=waiting')).status, 200)
  }
  t.equal(await blocked(), requestsAtOnce)
  await held.letGo()
  const answers = await Promise.all(sent)
  t.same(new Set(answers.map(({ status }) => status)), new Set([201]), 'those that waited too')
})

t.test('whoever hangs up takes no more than its share', async (t) => {
  const held = await holdTable(sql, 'wrap')
  const hangUp = new AbortController()
  const begun = Array.from({ length: requestsAtOnce }, () => send(hangUp.signal))
  await held.blocked(requestsAtOnce)
  const gaveUp = Array.from({ length: 5 }, () => send(hangUp.signal))
  const stayed = send()
  // On the same connections or others, it comes after them.
  t.equal((await asCasework('GET', '/v1/triage/items?state=waiting')).status, 200)
  hangUp.abort()
  await Promise.allSettled([...begun, ...gaveUp])
  for (let times = 0; times < 20; times += 1)
    await asCasework('GET', '/v1/triage/items?state=waiting')
  t.equal(
    await blocked(),
    requestsAtOnce,
    'what was begun is still worked on, and nothing beside it',
  )
  await held.letGo()
  t.equal((await stayed).status, 201)
})

t.test('of more than wait the last are refused, and may come back', async (t) => {
  const held = await holdTable(sql, 'wrap')
  const refused: Response[] = []
  const answers: Promise<number>[] = []
  const seven = new Promise<void>((enough) => {
    for (let count = 0; count < requestsAtOnce + waitingMax + 7; count += 1) {
      answers.push(
        send().then((answer) => {
          if (answer.status === 429 && refused.push(answer) === 7) enough()
          return answer.status
        }),
      )
    }
  })
  await seven
  await held.letGo()
  const accepted = (await Promise.all(answers)).filter((status) => status === 201)
  t.equal(accepted.length, requestsAtOnce + waitingMax)
  t.equal(refused.length, 7)
  t.equal(refused[0]?.headers.get('retry-after'), '1')
  const problem = await refused[0]?.json()
  t.match(problem, { code: 'too-many-requests', retry: 'later', stored: false })
  t.equal((await send()).status, 201)
})

t.test('nobody waits long behind what hangs', async (t) => {
  const hurried = await build(t, { share: { requestsAtOnce: 1, waitMsMax: 100 } })
  const held = await holdTable(asSuperuser(t, hurried.databases), 'wrap')
  const { ngo } = hurried.world.referring
  const put = await callerOf(hurried.world, hurried.url, ngo.clientId)
  const both = [1, 2].map(() => {
    const envelope = sealed(hurried.world, { signer: ngo.signing })
    return put('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
  })
  const told = { status: 503, body: { code: 'not-ready', retry: 'later', stored: false } }
  t.match(await Promise.race(both), told)
  await held.letGo()
  t.same((await Promise.all(both)).map(({ status }) => status).sort(), [201, 503])
})

t.test('whoever hangs up before it is known who calls takes no place', async (t) => {
  let found = () => {}
  const lookUp = new Promise<void>((resolve) => {
    found = resolve
  })
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorateRequest('caller')
  const hungUp = new Promise<void>((resolve) => {
    app.addHook('onRequest', async (request) => {
      request.raw.once('close', resolve)
      if (request.method === 'PUT') await lookUp
      request.caller = { kind: 'partner', clientId: 'one', request: request.id } as never
    })
  })
  await app.register(shares, { requestsAtOnce: 1, requestsPerMinute: 10, waitMsMax: 1_000 })
  app.put('/', async () => 'done')
  app.get('/', async () => 'done')
  const { port, hostname } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(port), hostname)
  const type = 'Content-Type: application/json\r\nContent-Length: 9'
  socket.write(`PUT / HTTP/1.1\r\nHost: x\r\n${type}\r\n\r\n{`)
  await once(app.server, 'request')
  socket.resetAndDestroy()
  await hungUp
  found()
  t.equal((await fetch(`http://${hostname}:${port}/`)).status, 200)
})

t.test(
  'a piece of a document counts once however long it is, and other bodies do not',
  async (t) => {
    const { lawFirm } = world.referring
    const clientId = await onHost({ databases }, (host) =>
      host.addClient({
        ...{
          organisationId: lawFirm.organisationId,
          label: 'Documents',
          kind: 'partner',
          kids: [],
        },
        scopes: ['referrals:submit', 'documents:write'],
      }),
    )
    const headers = { authorization: `Bearer ${await world.token(clientId)}` }
    const { referralId } = await refer({ world, url })
    const file = sealedFile(referralId, new Uint8Array(9))
    await tusAt(url, headers.authorization).begin(file, file.sealed.length)
    /** What is answered to a body that says it is longer than a minute takes, before any of it has come. */
    const answered = async (method: string, path: string, type: string) => {
      const sending = request(`${url}${path}`, {
        method,
        headers: {
          ...{ ...headers, 'tus-resumable': '1.0.0', 'upload-offset': '5' },
          ...{ 'content-type': type, 'content-length': 601 * 65_536 },
        },
      })
      sending.on('error', () => {})
      sending.flushHeaders()
      const [response] = await once(sending, 'response')
      sending.destroy()
      return response.statusCode
    }
    const piece = ['PATCH', `/v1/documents/${file.documentId}`] as const
    t.equal(await answered(...piece, 'application/offset+octet-stream'), 409, 'it is looked at')
    const [method, path] = ['PUT', `/v1/referrals/${newId()}`]
    t.equal(await answered(method, path, 'application/json'), 429)
  },
)
