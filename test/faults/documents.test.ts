/**
 * Goal: whatever dies while a document is begun, uploaded, handed out, swept or erased loses nothing of it and doubles nothing:
 * each row has its entries, each file its row, and a client's day holds what was begun and no more.
 * Method: each act over a connection that is cut at each of its statements (cutting.ts); a client goes on as the SDK does, and the
 * sweep takes its next turn.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { chunkBytes } from '../../src/protocol/documents/format.ts'
import { sealedFile } from '../helpers/documents.ts'
import { partnerOf, type Services, stage } from '../helpers/stage.ts'
import { type Scenario, tryCut } from './cutting.ts'

const staged = await stage(t)
const { sql, world, folder, callers } = staged
const lawFirm = partnerOf(world.referring.lawFirm)
const { kid } = world.recipients.casework.receiving
const content = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 13) & 255)

type File = ReturnType<typeof sealedFile>

/** The file of the scenario that runs now. */
let file: File
const upload = () => ({
  ...{ id: file.documentId, referralId: file.referralId },
  bytes: file.sealed.length,
})

async function referredWithFile() {
  const referred = await staged.refer()
  file = sealedFile(referred.referralId, content(chunkBytes + 7))
  return [referred]
}

async function begun() {
  const referred = await referredWithFile()
  await staged.documents.begin(lawFirm, upload())
  return referred
}

async function stored() {
  const referred = await begun()
  await sendRest(staged)
  return referred
}

/** What a client does that does not know how far it came. */
async function sendRest({ documents }: Services) {
  const tus = { 'tus-resumable': '1.0.0' }
  const located = { method: 'HEAD', headers: tus } as const
  const { offset } = await documents.proceed(lawFirm, file.documentId, located)
  if (offset === file.sealed.length) return
  const rest = file.sealed.slice(offset)
  const { offset: end } = await documents.proceed(lawFirm, file.documentId, {
    method: 'PATCH',
    headers: {
      ...{ ...tus, 'upload-offset': String(offset), 'content-length': String(rest.length) },
      'content-type': 'application/offset+octet-stream',
    },
    piece: Readable.from([rest]),
  })
  if (end !== file.sealed.length) throw new Error(`the upload stands at ${end}`)
}

/** How often each act was permitted, but for repetitions. */
async function saidOf(id: string) {
  const rows = await sql<{ action: string; count: number }[]>`
    select e.action, count(*)::int as count
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where o.details ->> 'document' = ${id} and e.outcome = 'permitted' and o.details ->> 'repeated' is null
    group by e.action`
  return Object.fromEntries(rows.map(({ action, count }) => [action, count]))
}

const rowsOf = async () =>
  sql`select id, stored_at is not null as stored from document where referral_id = ${file.referralId}`
const bytesOf = (id: string) => readFile(join(folder, id)).catch(() => undefined)

/** Every file has its row; what the sweep has yet to do is done. */
async function swept() {
  await staged.sweeping.run()
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f-]{36}$/.test(name))
  const known = await sql`select id from document`
  return names.every((name) => known.some(({ id }) => id === name))
}

async function isWhole(t: Test) {
  t.same(await rowsOf(), [{ id: file.documentId, stored: true }])
  t.same(await bytesOf(file.documentId), Buffer.from(file.sealed))
  t.ok(await swept())
}

const scenarios: Scenario[] = [
  {
    name: 'an upload is begun',
    prepare: referredWithFile,
    act: ({ documents }) => documents.begin(lawFirm, upload()),
    repeated: false,
    async expect(t) {
      t.ok(await swept(), 'there is no file without a row')
      const before = await rowsOf()
      t.same((await saidOf(file.documentId))['document.begun'] ?? 0, before.length)
      await staged.documents.begin(lawFirm, upload())
      t.same(await rowsOf(), [{ id: file.documentId, stored: false }])
      t.same(await bytesOf(file.documentId), Buffer.alloc(0))
      t.same(await saidOf(file.documentId), { 'document.begun': 1 })
      t.ok(await swept())
    },
  },
  {
    name: 'the last piece comes',
    prepare: begun,
    act: sendRest,
    repeated: true,
    async expect(t) {
      await isWhole(t)
      const said = await saidOf(file.documentId)
      t.match(said, { 'document.begun': 1, 'document.stored': 1 })
    },
  },
  {
    name: 'what is whole and not noted as such is handed out',
    async prepare() {
      const referred = await begun()
      await writeFile(join(folder, file.documentId), file.sealed)
      return referred
    },
    async act({ documents }) {
      const { documentId: id, referralId } = file
      const part = await documents.fetch(callers.casework, { id, referralId, kid })
      if (!(await buffer(part.file)).equals(file.sealed)) throw new Error('it is another file')
    },
    repeated: true,
    async expect(t) {
      await isWhole(t)
      const said = await saidOf(file.documentId)
      t.match(said, { 'document.begun': 1, 'document.stored': 1 })
      // A cut after the commit is one more: it was opened, and it is not known whether anybody had it.
      t.ok([1, 2].includes(said['document.opened'] ?? 0), 'an entry for each time it was opened')
    },
  },
  {
    name: 'an upload that was never finished is swept',
    async prepare() {
      const referred = await begun()
      await sql`
        update document set begun_at = begun_at - interval '25 hours' where id = ${file.documentId}`
      return referred
    },
    act: ({ sweeping }) => sweeping.run(),
    repeated: false,
    async expect(t) {
      t.ok(await swept())
      t.same(await rowsOf(), [])
      t.equal(await bytesOf(file.documentId), undefined)
      t.match(await saidOf(file.documentId), { 'document.removed': 1 })
    },
  },
  {
    name: 'a referral is erased with its document',
    prepare: stored,
    act: ({ erasure }) => erasure.erase(callers.casework, file.referralId),
    repeated: true,
    async expect(t) {
      t.same(await rowsOf(), [])
      t.ok(await swept())
      t.equal(await bytesOf(file.documentId), undefined)
    },
  },
]

await tryCut(staged, scenarios)
