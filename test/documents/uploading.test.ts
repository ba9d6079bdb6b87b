/**
 * Goal: a sealed file goes up piece by piece and comes down to those who may have it, as it was; nothing else does.
 * Method: the calls of tus as they are, by each kind of caller, and cut where a line or a process would be.
 */

import { stat, statfs, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { createFiles } from '../../src/documents/files.ts'
import { limitsOf } from '../../src/documents/limits.ts'
import { createSweeping, removeDocumentsOf } from '../../src/documents/service.ts'
import { eraseReferral } from '../../src/erasure/ending.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { chunkBytes, sealedBytesOf } from '../../src/protocol/documents/format.ts'
import { createDocumentOpener } from '../../src/protocol/documents/open.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { sealedFile, type Tus, tusAt } from '../helpers/documents.ts'
import { onHost } from '../helpers/publish.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t, { fileMegabytesMax: 1, clientMegabytesPerDay: 12 })
const { world, url, database } = built
const { lawFirm, ngo, telephone } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const folder = join(built.folder, 'documents')
const files = createFiles(folder)
const pathOf = (id: string) => join(folder, id)
const system = () => ({ kind: 'system', request: newId() }) as const

/** Partners that may send documents. */
const [firm, other, second] = await onHost(built, async (host) => {
  const add = (organisationId: string) =>
    host.addClient({
      ...{ organisationId, label: 'Documents', kind: 'partner' as const, kids: [] },
      scopes: ['referrals:submit', 'documents:write'],
    })
  return [
    await add(lawFirm.organisationId),
    await add(ngo.organisationId),
    await add(lawFirm.organisationId),
  ] as const
})
const by = async (clientId: string) => tusAt(url, `Bearer ${await world.token(clientId)}`)
const tus = {
  firm: await by(firm),
  other: await by(other),
  second: await by(second),
  casework: await by(world.clients.casework),
  clinic: await by(world.clients.clinic),
}
const kid = world.recipients.casework.receiving.kid
const content = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 13) & 255)

type File = ReturnType<typeof sealedFile>

async function upload(as: Tus, file: File, step = file.sealed.length): Promise<void> {
  await as.begin(file, file.sealed.length)
  for (let at = 0; at < file.sealed.length; at += step) {
    const { status } = await as.piece(file.documentId, at, file.sealed.slice(at, at + step))
    if (status !== 204) throw new Error(`a piece was refused with ${status}`)
  }
}

function open(file: File, bytes: Uint8Array): Uint8Array {
  const opener = createDocumentOpener(file)
  const parts = opener.push(bytes)
  opener.end()
  return new Uint8Array(Buffer.concat(parts))
}

const entriesOf = (id: string) => sql<{ action: string; recipient: string | null }[]>`
  select e.action, convert_from(e.leaf, 'UTF8')::jsonb ->> 'recipient' as recipient
  from audit_entry e join audit_opening o on o.entry_id = e.id
  where o.details ->> 'document' = ${id} and e.outcome = 'permitted' order by e.at, e.id`

t.test('a file goes up in pieces, is whole, and comes down as it was', async (t) => {
  const { referralId } = await refer(built)
  const plain = content(3 * chunkBytes + 5)
  const file = sealedFile(referralId, plain)
  const { documentId, sealed } = file
  const begun = await tus.firm.begin(file, sealed.length)
  t.equal(begun.status, 201)
  t.equal(begun.headers.get('location'), `/v1/documents/${documentId}`)
  t.equal((await tus.firm.locate(documentId)).offset, 0)
  const half = sealed.slice(0, 100_000)
  t.equal((await tus.firm.piece(documentId, 0, half)).offset, 100_000)
  const early = await tus.casework.open(referralId, documentId, kid)
  t.match(early, { status: 503, code: 'document-incomplete' })
  const wrong = await tus.firm.piece(documentId, 5, half)
  t.match(wrong, { status: 409, code: 'upload-offset-differs' })
  t.equal((await tus.firm.piece(documentId, 100_000, sealed.slice(100_000))).status, 204)
  const stands = await tus.firm.locate(documentId)
  t.equal(stands.offset, sealed.length)
  t.equal(Number(stands.headers.get('upload-length')), sealed.length)

  const down = await tus.casework.open(referralId, documentId, kid)
  t.equal(down.status, 200)
  t.equal(down.headers.get('content-type'), 'application/octet-stream')
  t.strictSame(down.bytes, sealed)
  t.strictSame(open(file, down.bytes), plain)
  const own = await tus.firm.fetch(documentId, { range: 'bytes=100000-' })
  t.equal(own.status, 206)
  t.equal(own.headers.get('content-range'), `bytes 100000-${sealed.length - 1}/${sealed.length}`)
  t.strictSame(own.bytes, sealed.slice(100_000))
  const behind = await tus.firm.fetch(documentId, { range: `bytes=${sealed.length}-` })
  t.match(behind, { status: 400, code: 'malformed-request' })

  const entries = await entriesOf(documentId)
  const counted = (action: string) => entries.filter((it) => it.action === action).length
  t.equal(counted('document.begun'), 1)
  t.equal(counted('document.stored'), 1)
  t.equal(counted('document.opened'), 2)
  t.ok(entries.some((it) => it.action === 'document.opened' && it.recipient === kid))
  t.equal((await stat(pathOf(documentId))).mode & 0o777, 0o600)
  t.equal((await stat(folder)).mode & 0o777, 0o700)
})

t.test('nobody else has it, or learns that it is there', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(10))
  const { documentId, sealed } = file
  t.equal((await tus.other.begin(file, sealed.length)).code, 'not-found')
  await upload(tus.firm, file)
  for (const as of [tus.other, tus.casework]) {
    t.equal((await as.fetch(documentId)).code, 'not-found')
    t.equal((await as.locate(documentId)).status, 404)
    t.equal((await as.piece(documentId, 0, sealed)).code, 'not-found')
  }
  // Of the same organisation: it fetches, and does not go on with another's upload.
  t.equal((await tus.second.fetch(documentId)).status, 200)
  t.equal((await tus.second.locate(documentId)).status, 404)
  const kidOfClinic = world.recipients.clinic.receiving.kid
  t.equal(
    (await tus.casework.open(referralId, documentId, kidOfClinic)).code,
    'recipient-not-yours',
  )
  t.equal((await tus.firm.open(referralId, documentId, kid)).code, 'insufficient-scope')
  const { referralId: another } = await refer(built, ngo)
  t.equal((await tus.casework.open(another, documentId, kid)).code, 'not-found')
  const taken = { ...sealedFile(another, content(10)), documentId }
  t.equal((await tus.other.begin(taken, sealed.length)).code, 'document-id-taken')
})

t.test('a recipient sends one back, and the referrer fetches it', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(70_000))
  await upload(tus.casework, file, 50_000)
  t.strictSame((await tus.firm.fetch(file.documentId)).bytes, file.sealed)
  t.strictSame(
    (await tus.clinic.open(referralId, file.documentId, world.recipients.clinic.receiving.kid))
      .bytes,
    file.sealed,
  )
  t.equal((await tus.other.fetch(file.documentId)).code, 'not-found')
  // Whoever takes a referral by telephone is its referrer.
  const taken = await refer(built, telephone)
  await upload(tus.casework, sealedFile(taken.referralId, content(1)))
})

t.test('the bearer of a receipt sends and fetches with it', async (t) => {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  await sendPublicly(url, envelope)
  const { referralId } = envelope.header
  const at = (tag: Uint8Array) =>
    tusAt(url, `Receipt ${encodeBase64url(tag)}`, '/v1/receipt/documents')
  const bearer = at(keys.accessTag)
  const file = sealedFile(referralId, content(100))
  t.equal((await bearer.begin(file, file.sealed.length)).status, 201)
  t.equal((await bearer.piece(file.documentId, 0, file.sealed)).status, 204)
  t.equal((await bearer.locate(file.documentId)).offset, file.sealed.length)
  t.strictSame((await bearer.fetch(file.documentId)).bytes, file.sealed)
  t.strictSame((await tus.casework.open(referralId, file.documentId, kid)).bytes, file.sealed)
  // Of its own it may ask without end, and the log does not grow with it.
  for (let again = 5; again > 0; again -= 1) await bearer.fetch(file.documentId)
  const opened = async () =>
    (await entriesOf(file.documentId)).filter(({ action }) => action === 'document.opened').length
  t.equal(await opened(), 1, 'that of the recipient')
  const back = sealedFile(referralId, content(3))
  await upload(tus.casework, back)
  await bearer.fetch(back.documentId)
  const [first] = await entriesOf(back.documentId).then((all) => all.slice(-1))
  t.equal(first?.action, 'document.opened', 'what a recipient sent is handed out with its entry')
  const stranger = at(receiptKeysOfNobody().accessTag)
  t.equal((await stranger.begin(file, file.sealed.length)).code, 'not-found')
  t.equal((await stranger.fetch(file.documentId)).code, 'not-found')
  t.equal((await tus.firm.fetch(file.documentId)).code, 'not-found')
  const { referralId: ofFirm } = await refer(built)
  const theirs = sealedFile(ofFirm, content(100))
  await upload(tus.firm, theirs)
  t.equal((await bearer.fetch(theirs.documentId)).code, 'not-found')
})

t.test('what is no sealed file, or too much, is refused by name', async (t) => {
  const { referralId } = await refer(built)
  const of = () => ({ referralId, documentId: newId() })
  const begin = async (length: number, headers = {}) =>
    (await tus.firm.begin(of(), length, headers)).code
  t.equal(await begin(65_578), 'malformed-request', 'a length that no sealed file has')
  const limits = limitsOf(1, 12)
  t.equal(await begin(limits.bytesMax + chunkBytes + 17), 'document-too-large')
  const named = { 'upload-metadata': `filename ${Buffer.from('x').toString('base64')}` }
  t.equal(await begin(sealedBytesOf(1), named), 'malformed-request', 'there is no place for a name')

  // As many as fit, without their bytes: what was begun has its place.
  for (let left = 5; left > 0; left -= 1) t.equal(await begin(limits.bytesMax), undefined)
  t.equal(await begin(limits.bytesMax), 'documents-full')
  t.equal(await begin(sealedBytesOf(1)), 'documents-full', 'all five of the largest are taken')
  // Another client has its own day, and spends it on several referrals.
  const spent = [referralId]
  const codes = new Set<string | undefined>()
  for (let left = 3; left > 0; left -= 1) {
    const { referralId: next } = await refer(built)
    spent.push(next)
    for (let most = 4; most > 0; most -= 1) {
      const one = { referralId: next, documentId: newId() }
      codes.add((await tus.second.begin(one, limits.bytesMax)).code)
    }
  }
  t.strictSame([...codes], [undefined, 'document-budget-spent'])
  await sql`delete from document where referral_id = any (${spent}::uuid[])`
})

t.test('a referral has a hundred documents at most, however small', async (t) => {
  const { referralId } = await refer(built)
  const begin = () =>
    tus.casework
      .begin({ referralId, documentId: newId() }, sealedBytesOf(1))
      .then(({ code }) => code)
  t.equal(await begin(), undefined)
  await sql`
    insert into document (id, referral_id, client_id, bytes, begun_at)
    select gen_random_uuid(), referral_id, client_id, 1, begun_at
    from document, generate_series(1, 98) where referral_id = ${referralId}`
  t.equal(await begin(), undefined, 'the hundredth')
  t.equal(await begin(), 'documents-full')
  await sql`delete from document where referral_id = ${referralId}`
})

t.test('a client’s day is one, however many uploads it begins at once', async (t) => {
  const third = await onHost(built, (host) =>
    host.addClient({
      ...{ organisationId: lawFirm.organisationId, label: 'At once', kind: 'partner', kids: [] },
      scopes: ['documents:write'],
    }),
  )
  const most = limitsOf(1, 12)
  const referrals = await Promise.all(Array.from({ length: 14 }, () => refer(built)))
  const atOnce = await by(third)
  const begun = await Promise.all(
    referrals.map(({ referralId }) =>
      atOnce.begin({ referralId, documentId: newId() }, most.bytesMax),
    ),
  )
  const taken = begun.filter(({ status }) => status === 201).length
  t.equal(taken, Math.floor(most.clientBytesPerDay / most.bytesMax))
})

t.test('a piece that is longer than the file, or not a piece, is refused', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(5))
  await tus.firm.begin(file, file.sealed.length)
  const long = new Uint8Array(file.sealed.length + 1)
  t.equal((await tus.firm.piece(file.documentId, 0, long)).code, 'document-too-large')
  const json = { 'content-type': 'application/json' }
  const asJson = await tus.firm.piece(file.documentId, 0, Buffer.from('{}'), json)
  t.equal(asJson.code, 'unsupported-media-type')
  const old = await tus.firm.piece(file.documentId, 0, file.sealed, { 'tus-resumable': '0.2.2' })
  t.equal(old.code, 'malformed-request')
  t.equal((await tus.firm.locate(file.documentId)).offset, 0)
})

t.test('a line that breaks off keeps what came, and the upload goes on from there', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(8 * chunkBytes))
  await tus.firm.begin(file, file.sealed.length)
  const sending = request(`${url}/v1/documents/${file.documentId}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${await world.token(firm)}`,
      ...{ 'tus-resumable': '1.0.0', 'upload-offset': '0' },
      'content-type': 'application/offset+octet-stream',
      'content-length': String(file.sealed.length),
    },
  })
  sending.on('error', () => {})
  sending.write(file.sealed.slice(0, 200_000))
  while (((await files.bytesOf(file.documentId)) ?? 0) === 0) await new Promise(setImmediate)
  sending.destroy()
  await new Promise((resolve) => sending.once('close', resolve))
  const { offset } = await tus.firm.locate(file.documentId)
  t.ok(offset > 0 && offset <= 200_000, `it stands at ${offset}`)
  const rest = await tus.firm.piece(file.documentId, offset, file.sealed.slice(offset))
  t.equal(rest.status, 204)
  t.strictSame((await tus.firm.fetch(file.documentId)).bytes, file.sealed)
})

t.test('an upload that was taken away under the last piece is not answered as whole', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(8))
  const { documentId, sealed } = file
  await tus.firm.begin(file, sealed.length)
  const sending = request(`${url}/v1/documents/${documentId}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${await world.token(firm)}`,
      ...{ 'tus-resumable': '1.0.0', 'upload-offset': '0' },
      'content-type': 'application/offset+octet-stream',
      'content-length': String(sealed.length),
    },
  })
  const answered = new Promise<number | undefined>((resolve) =>
    sending.once('response', (response) => resolve(response.resume().statusCode)),
  )
  sending.write(sealed.slice(0, 20_000))
  while (((await files.bytesOf(documentId)) ?? 0) === 0) await new Promise(setImmediate)
  await database.inTransaction(system(), (tx) => removeDocumentsOf(tx, [referralId]))
  await createSweeping(database, files).run()
  sending.end(sealed.slice(20_000))
  t.equal(await answered, 404)
})

t.test('two replicas that take one upload at once have it as one has', async (t) => {
  const { referralId } = await refer(built)
  const half = 200_000
  const plain = content(6 * chunkBytes)
  const [file, spoilt] = [sealedFile(referralId, plain), sealedFile(referralId, plain)]
  const bytes = file.sealed.length
  const piece = (on: typeof files, id: string, offset: number, rest: Readable) =>
    on.answer(id, bytes, {
      method: 'PATCH',
      headers: {
        ...{ 'tus-resumable': '1.0.0', 'upload-offset': String(offset) },
        ...{ 'content-type': 'application/offset+octet-stream' },
        'content-length': String(bytes - offset),
      },
      piece: rest,
    })
  /** One replica waits for the rest of a piece while the client, which takes that line for dead, sends `rest` by another. */
  const bothWrite = async ({ documentId, sealed }: File, rest: Uint8Array) => {
    await tus.firm.begin({ referralId, documentId }, bytes)
    const late = new PassThrough()
    const first = piece(files, documentId, 0, late)
    late.write(sealed.slice(0, half))
    while ((await files.bytesOf(documentId)) !== half) await new Promise(setImmediate)
    const second = await piece(createFiles(folder), documentId, half, Readable.from([rest]))
    const located = await tus.firm.locate(documentId)
    late.end(sealed.slice(half))
    t.same([second, located.offset, await first], [bytes, bytes, bytes])
    return (await tus.casework.open(referralId, documentId, kid)).bytes
  }
  t.strictSame(await bothWrite(file, file.sealed.slice(half)), file.sealed)
  const stored = (await entriesOf(file.documentId)).filter((it) => it.action === 'document.stored')
  t.equal(stored.length, 1)
  // The last to write has it: as sealed here, the bytes of both are one.
  t.strictSame(await bothWrite(spoilt, file.sealed.slice(half)), spoilt.sealed)
})

t.test('a piece that would leave less than the room of others is not taken', async (t) => {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const half = createFiles(folder, free / 2)
  /** A piece that says it is so long, of which little comes. */
  const send = (id: string, share: number, offset = 0, piece?: Readable) =>
    half.answer(id, free, {
      method: 'PATCH',
      headers: {
        ...{ 'tus-resumable': '1.0.0', 'upload-offset': String(offset) },
        ...{ 'content-type': 'application/offset+octet-stream' },
        'content-length': String(Math.floor(free * share)),
      },
      piece: piece ?? Readable.from([new Uint8Array(9)]),
    })
  const ids = [newId(), newId(), newId()]
  for (const id of ids) await half.make(id)
  await t.rejects(send(ids[0]!, 0.8), { code: 'not-ready' })
  t.equal(await half.bytesOf(ids[0]!), 0)
  const both = await Promise.allSettled(ids.slice(0, 2).map((id) => send(id, 0.3)))
  t.same(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
    'of two at once there is room for one',
  )
  // A line that its client takes for dead, or that somebody keeps open to take the room of others.
  const hanging = new PassThrough()
  const first = send(ids[2]!, 0.3, 0, hanging).catch(() => 'cut')
  hanging.write(new Uint8Array(9))
  while ((await half.bytesOf(ids[2]!)) !== 9) await new Promise(setImmediate)
  t.equal(await send(ids[2]!, 0.3, 9), 18, 'what one file lacks is counted once')
  hanging.end()
  await first
  t.type(await send(ids[2]!, 0.3, (await half.bytesOf(ids[2]!))!), 'number', 'and given back')
  for (const id of ids) await half.remove(id)
})

t.test('beginning again keeps what there is', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(chunkBytes))
  await tus.firm.begin(file, file.sealed.length)
  await tus.firm.piece(file.documentId, 0, file.sealed.slice(0, 1000))
  t.equal((await tus.firm.begin(file, file.sealed.length)).status, 201)
  t.equal((await tus.firm.locate(file.documentId)).offset, 1000)
  const longer = await tus.firm.begin(file, sealedBytesOf(5 * chunkBytes))
  t.equal(longer.code, 'document-id-taken')
})

t.test('a row whose file was not made yet, or was not noted as whole, is mended', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(9))
  await tus.firm.begin(file, file.sealed.length)
  await files.remove(file.documentId)
  t.equal((await tus.firm.locate(file.documentId)).offset, 0)
  await files.remove(file.documentId)
  t.equal((await tus.firm.piece(file.documentId, 0, file.sealed)).status, 204)
  await sql`update document set stored_at = null where id = ${file.documentId}`
  const down = await tus.casework.open(referralId, file.documentId, kid)
  t.strictSame(down.bytes, file.sealed)
  const [row] = await sql`select stored_at from document where id = ${file.documentId}`
  t.ok(row?.stored_at)
  await files.remove(file.documentId)
  const gone = await tus.casework.open(referralId, file.documentId, kid)
  t.equal(gone.code, 'document-incomplete')
})

t.test(
  'what was never finished goes after a day, and so does a file that nobody knows',
  async (t) => {
    const { referralId } = await refer(built)
    const [stale, fresh, whole] = [1, 2, 3].map((length) => sealedFile(referralId, content(length)))
    for (const file of [stale!, fresh!]) await tus.firm.begin(file, file.sealed.length)
    await upload(tus.firm, whole!)
    const old = [stale!.documentId, whole!.documentId]
    await sql`update document set begun_at = now() - interval '25 hours'
            where id = any (${old}::uuid[])`
    const erased = await refer(built)
    await database.inTransaction(system(), (tx) => eraseReferral(tx, erased.referralId, 'restored'))
    const late = sealedFile(erased.referralId, content(4))
    const { length } = late.sealed
    await sql`insert into document values (${late.documentId}, ${erased.referralId}, ${firm}, ${length}, now(), now())`
    await writeFile(pathOf(late.documentId), late.sealed)
    t.equal((await tus.firm.fetch(late.documentId)).code, 'not-found')
    t.equal(
      (await tus.firm.begin(sealedFile(erased.referralId, content(4)), length)).code,
      'not-found',
    )
    const nobodys = newId()
    await writeFile(pathOf(nobodys), 'left behind')
    await writeFile(join(folder, 'not-ours.txt'), 'somebody else wrote this')
    const sweeping = createSweeping(database, files)
    await sql.begin(async (other) => {
      await other`select pg_advisory_xact_lock(hashtext('referral-intake sweeping documents'))`
      await createSweeping(database, files).run()
      t.equal(await files.bytesOf(stale!.documentId), 0, 'it is the turn of another replica')
    })
    await sweeping.run()
    t.equal(await files.bytesOf(stale!.documentId), undefined)
    t.equal(await files.bytesOf(nobodys), undefined)
    t.equal(await files.bytesOf(late.documentId), undefined, 'begun while it was erased')
    t.equal(await files.bytesOf(fresh!.documentId), 0)
    t.equal(await files.bytesOf(whole!.documentId), whole!.sealed.length)
    t.ok(await stat(join(folder, 'not-ours.txt')), 'what has another name stays')
    await writeFile(pathOf(nobodys), 'left behind again')
    t.equal(await sweeping.run(), false)
    t.ok(await files.bytesOf(nobodys), 'the folder is not read again at once')
    t.equal((await tus.firm.locate(stale!.documentId)).status, 404)
    t.match((await entriesOf(stale!.documentId)).at(-1), { action: 'document.removed' })
  },
)

t.test('what came after the backup that was restored is kept for a week', async (t) => {
  const { referralId } = await refer(built)
  const known = sealedFile(referralId, content(20))
  await upload(tus.firm, known)
  const [{ ms } = { ms: 0 }] = await sql<{ ms: number }[]>`
    select (extract(epoch from max(begun_at)) * 1000)::float8 as ms from document`
  const [before, after, later] = [newId(), newId(), newId()]
  const hour = 3_600_000
  for (const [id, at] of [
    [before, -hour],
    [after, hour],
    [later, 3 * hour],
  ] as const) {
    await writeFile(pathOf(id), 'no row is of this')
    await utimes(pathOf(id), (ms + at) / 1000, (ms + at) / 1000)
  }
  const restored = (at: Date) => sql`
    insert into served_as values (1, 'another', ${at})
    on conflict (n) do update set since = excluded.since`
  await restored(new Date(ms + 2 * hour))
  await createSweeping(database, files).run()
  t.equal(await files.bytesOf(before), undefined, 'of that time its row would be there')
  t.ok(await files.bytesOf(after), 'its sender may come back with its referral')
  t.equal(await files.bytesOf(later), undefined, 'this database would know it')
  t.ok(await files.bytesOf(known.documentId))

  await sql`update document set begun_at = begun_at - interval '8 days'`
  await restored(new Date(Date.now() - 7 * 24 * hour - hour))
  await utimes(pathOf(after), Date.now() / 1000 - 7.5 * 86_400, Date.now() / 1000 - 7.5 * 86_400)
  await createSweeping(database, files).run()
  t.equal(await files.bytesOf(after), undefined)
  await sql`update document set begun_at = begun_at + interval '8 days'`
  await sql`delete from served_as`
})

t.test('those of an erased referral are gone, whenever it is killed in between', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(20))
  await upload(tus.firm, file)
  const undone = database.inTransaction(system(), async (tx) => {
    t.equal(await removeDocumentsOf(tx, [referralId]), 1)
    throw new Error('killed before its commit')
  })
  await t.rejects(undone)
  await createSweeping(database, files).run()
  t.equal((await tus.firm.fetch(file.documentId)).status, 200, 'nothing was removed')
  await database.inTransaction(system(), (tx) => eraseReferral(tx, referralId, 'person'))
  t.equal((await tus.firm.fetch(file.documentId)).status, 404)
  t.equal((await sql`select from document where referral_id = ${referralId}`).length, 0)
  t.equal(await files.bytesOf(file.documentId), file.sealed.length, 'its file is still there')
  await createSweeping(database, files).run()
  t.equal(await files.bytesOf(file.documentId), undefined)
  t.equal(await database.inTransaction(system(), (tx) => removeDocumentsOf(tx, [referralId])), 0)
})

t.test('an upload that is begun while its referral is erased leaves nothing', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(20))
  let begun: ReturnType<Tus['begin']> | undefined
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtext(${`referral-intake documents of ${referralId}`}))`
    begun = tus.firm.begin(file, file.sealed.length)
    await untilSomebodyWaits()
    const erase = await callerOf(world, url, world.clients.casework)
    t.equal((await erase('POST', `/v1/referrals/${referralId}/erasure`)).status, 200)
  })
  t.equal((await begun)?.code, 'not-found')
  t.equal((await sql`select from document where referral_id = ${referralId}`).length, 0)
})

async function untilSomebodyWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const [row] = await sql<[{ waiting: number }]>`
      select count(*)::int as waiting from pg_locks
      where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`
    waiting = row.waiting
  }
}

t.test('what was erased does not live on under another referral, also at once', async (t) => {
  const { referralId } = await refer(built)
  const file = sealedFile(referralId, content(20))
  const { documentId, sealed } = file
  await upload(tus.firm, file)
  await database.inTransaction(system(), (tx) => eraseReferral(tx, referralId, 'person'))
  t.equal(await files.bytesOf(documentId), sealed.length, 'its file is still there')
  const own = await refer(built, ngo)
  const begun = await tus.other.begin({ ...own, documentId }, sealed.length)
  t.equal(begun.status, 201)
  t.equal((await tus.other.locate(documentId)).offset, 0)
  t.equal((await tus.other.fetch(documentId)).code, 'document-incomplete')

  // Of a database that was restored, its sender goes on with it.
  const lost = newId()
  await writeFile(pathOf(lost), sealed.slice(0, 10))
  await sql`insert into served_as values (1, 'another', now() + interval '1 minute')`
  await tus.other.begin({ ...own, documentId: lost }, sealed.length)
  t.equal((await tus.other.locate(lost)).offset, 10)
  await sql`delete from served_as`
})
