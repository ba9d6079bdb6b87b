/**
 * Goal: a file that is on its way, up or down, survives that the service or the client is killed: it goes on from what had come,
 * and nothing half done is taken for a document.
 * Method: both as processes of their own, on a database and a folder of their own, killed where the file itself says how far it is.
 */
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { createDocuments } from '../../src/client/documents.ts'
import { createTransport } from '../../src/client/transport.ts'
import { called, partyOf, running } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { sealedFile, tusAt } from '../helpers/documents.ts'
import { freePort } from '../helpers/port.ts'
import { deployment, listening } from '../helpers/process.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { holdTable } from '../helpers/superuser.ts'

const whole = t
const { world, databases, sql, ...rest } = await deployment(whole)
const folder = join(rest.folder, 'documents')
const { lawFirm } = world.referring
const clientId = await onHost({ databases }, (host) =>
  host.addClient({
    ...{ organisationId: lawFirm.organisationId, label: 'Documents', kind: 'partner', kids: [] },
    scopes: ['referrals:submit', 'messages:write', 'documents:write'],
  }),
)
// The same each time that the service is started again.
const variables = { ...rest.variables, PORT: String(await freePort()) }
let service = await listening(whole, variables)
const { url } = service
const token = await world.token(clientId)

/** Dies, and is there again. */
async function killService(): Promise<void> {
  service.child.kill('SIGKILL')
  if ((await service.ended) !== 'SIGKILL') throw new Error('it had ended before')
  service = await listening(whole, variables)
}

/** A new referral. */
async function referred(): Promise<string> {
  const envelope = sealed(world)
  const { referralId } = envelope.header
  const call = await callerOf(world, url, clientId)
  await call('PUT', `/v1/referrals/${referralId}`, envelope)
  return referralId
}

/** Waits until so many bytes of a file are there: the file is asked, for it knows first. */
async function untilBytes(path: string, least: number): Promise<void> {
  for (let bytes = 0; bytes < least; ) {
    bytes = (await stat(path).catch(() => undefined))?.size ?? 0
    await new Promise(setImmediate)
  }
}

/**
 * A line to the service that passes so many bytes either way and then no more, until whoever calls hangs up: a file that is longer
 * is on its way until its client is killed.
 */
async function stuckLine(bytesMax: number): Promise<{ readonly INTAKE_URL: string }> {
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      let left = bytesMax
      from.on('data', (bytes) => {
        // The rest is lost, and not kept back: only who reads hears that the other side hung up.
        if (left > 0) to.write(bytes.subarray(0, left))
        left -= bytes.length
      })
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  whole.teardown(() => server.close())
  return { INTAKE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The first name in a folder that was not among those before, once it is there. */
async function newIn(place: string, before: readonly string[] = []): Promise<string> {
  for (;;) {
    const names = await readdir(place).catch(() => [])
    const found = names.find((name) => !before.includes(name))
    if (found !== undefined) return found
    await new Promise(setImmediate)
  }
}

t.test('a service that is killed three times in an upload has all of it at the end', async (t) => {
  const referralId = await referred()
  const plain = Uint8Array.from({ length: 9 * 1024 * 1024 }, (_, at) => (at * 13) & 255)
  const file = sealedFile(referralId, plain)
  const { documentId, sealed: all } = file
  const path = join(folder, documentId)

  // In the middle of a piece.
  await tusAt(url, `Bearer ${token}`).begin(file, all.length)
  const sending = request(`${url}/v1/documents/${documentId}`, {
    method: 'PATCH',
    headers: {
      ...{ authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0', 'upload-offset': '0' },
      ...{ 'content-type': 'application/offset+octet-stream', 'content-length': all.length },
    },
  })
  sending.on('error', () => {})
  sending.write(all.slice(0, 300_000))
  await untilBytes(path, 1)
  await killService()
  const came = (await stat(path)).size

  const asked: number[] = []
  let last: Promise<unknown> | undefined
  const read = async (from: number, most: number) => {
    asked.push(from)
    // Between two pieces.
    if (asked.length === 2) await killService()
    // When all has come and nothing says so yet.
    if (from + most >= all.length && !last) {
      const held = await holdTable(sql, 'document')
      last = untilBytes(path, all.length).then(killService).then(held.letGo)
    }
    return all.slice(from, from + most)
  }
  const { upload } = createDocuments(createTransport({ url, token: () => token }), {
    ...{ call: {}, uploads: '/v1/documents', pathOf: () => '' },
  })
  await upload({ referralId, documentId, bytes: all.length, read })
  await last
  t.equal(asked[0], came, 'it goes on from what had come')
  t.ok(asked.length - new Set(asked).size <= 1, 'and sends no piece twice, but one that was lost')

  const casework = tusAt(url, `Bearer ${await world.token(world.clients.casework)}`)
  const down = await casework.open(referralId, documentId, world.recipients.casework.receiving.kid)
  t.ok(Buffer.from(all).equals(down.bytes))
  t.same(await readdir(folder), [documentId])
  const said = await sql`
    select e.action, count(*)::int as count
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where o.details ->> 'document' = ${documentId} and not o.details ? 'repeated'
      and e.action in ('document.begun', 'document.stored', 'document.opened')
    group by e.action order by e.action`
  t.same(said, [
    { action: 'document.begun', count: 1 },
    { action: 'document.opened', count: 1 },
    { action: 'document.stored', count: 1 },
  ])
  await requireBalanced(sql)
})

t.test('a client that is killed while it sends or fetches goes on when called again', async (t) => {
  const firm = await partyOf(t, { url, world, clientId, keys: { signing: lawFirm.signing } })
  const casework = await partyOf(t, {
    ...{ url, world, clientId: world.clients.casework, keys: world.recipients.casework },
  })
  const letter = join(firm.folder, 'long.txt')
  await writeFile(letter, 'A letter of 22 November. '.repeat(1_000_000))
  const referralId = await referred()
  const before = await readdir(folder)
  const line = await stuckLine(2_000_000)
  const adding = running(t, ['documents', 'add', referralId, letter], {
    ...firm.environment,
    ...line,
  })
  const stored = join(folder, await newIn(folder, before))
  await untilBytes(stored, 1)
  // Pieces go up while it is sealed. Killed before it is named, nothing waits: nobody was told of it.
  for (let isNamed = false; !isNamed; ) {
    const rows = await sql`select from message where referral_id = ${referralId}`
    isNamed = rows.length > 0
  }
  await adding.stop('SIGKILL')
  const waiting = join(firm.environment.INTAKE_HOME ?? '', 'documents')
  const [name = ''] = await readdir(waiting)
  const { size } = await stat(join(waiting, name))
  t.ok((await stat(stored)).size < size, 'it died on the way')
  const sent = await called(t, ['documents', 'send'], firm.environment)
  t.match(sent, { code: 0, out: /One document/ }, sent.err)
  t.equal((await stat(stored)).size, size)
  t.same(await readdir(waiting), [])

  const out = join(casework.folder, 'out')
  const get = ['documents', 'get', referralId, '--out', out]
  const getting = running(t, get, { ...casework.environment, ...line })
  const part = await newIn(out)
  await untilBytes(join(out, part), 1)
  await getting.stop('SIGKILL')
  t.match(part, /^document-1\..*\.part$/)
  t.same(await readdir(out), [part], 'nothing of it is called a document')
  for (let times = 0; times < 2; times += 1) {
    const got = await called(t, get, casework.environment)
    t.equal(got.code, 0, got.out + got.err)
    t.same(await readdir(out), ['document-1.txt'], 'and what was left of it is gone')
  }
  t.ok((await readFile(letter)).equals(await readFile(join(out, 'document-1.txt'))))
  await requireBalanced(sql)
})
