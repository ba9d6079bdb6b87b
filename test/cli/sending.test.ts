/**
 * Goal: files go up while they are sealed, and none is whole before the other side was told of it; what is refused is refused
 * before anybody is told.
 * Method: what the command does, against a service, with the telling in the test's hands.
 */
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openForSealing } from '../../src/cli/documents/sealing.ts'
import { sendDocuments } from '../../src/cli/documents/sending.ts'
import { uploadWaiting } from '../../src/cli/documents/waiting.ts'
import {
  type Attachment,
  createReferrer,
  NoAnswer,
  type Progress,
  type SealedSource,
  ServiceProblem,
} from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { called, partyOf } from './run.ts'

/** What goes up at once, where nothing fails. */
const pieceBytes = 4 * 1024 * 1024

const built = await build(t)
const sql = asSuperuser(t, built.databases)
const { url, world } = built
const { lawFirm } = world.referring
const clientOf = (...scopes: readonly ('messages:write' | 'documents:write')[]) =>
  onHost(built, (host) =>
    host.addClient({
      ...{ organisationId: lawFirm.organisationId, label: 'Documents', kind: 'partner', kids: [] },
      scopes: ['referrals:submit', ...scopes],
    }),
  )
const clientId = await clientOf('messages:write', 'documents:write')
const referrer = createReferrer({
  ...{ url, trust: world.trust, signer: lawFirm.signing, onUnmatched() {} },
  token: () => world.token(clientId),
})

/** A text of about so many bytes, no two alike. */
async function fileOf(t: Test, bytes: number): Promise<string> {
  const path = join(t.testdir(), 'letter.txt')
  await writeFile(path, randomBytes(bytes / 2).toString('hex'))
  return path
}

const aboutIt = { type: 'other', name: 'letter.txt' } as const

/** One file for a referral of its own, from a home of its own. */
async function sendingOf(t: Test, bytes: number) {
  const path = await fileOf(t, bytes)
  const home = join(t.testdirName, 'home')
  const { referralId } = await refer(built)
  const waiting = () => readdir(join(home, 'documents'))
  const isStored = async (id: string | undefined) => {
    const rows = await sql`select from document where id = ${id ?? ''} and stored_at is not null`
    return rows.length === 1
  }
  return { home, referralId, path, files: [{ path, about: aboutIt }], waiting, isStored }
}

const told = (documents: readonly Attachment[]) => documents.map(({ documentId }) => documentId)

t.test('pieces go up before it is named, and the last one after', async (t) => {
  const sending = await sendingOf(t, 2 * pieceBytes)
  const farthest = Promise.withResolvers<void>()
  const watched = {
    ...referrer,
    upload: (source: SealedSource, progress?: Progress) =>
      referrer.upload(source, (done, bytes) => {
        if (done === 2 * pieceBytes) farthest.resolve()
        progress?.(done, bytes)
      }),
  }
  const { documents, failure } = await sendDocuments(sending, watched, async (named) => {
    await farthest.promise
    const [id = ''] = told(named)
    t.equal((await stat(join(built.folder, 'documents', id))).size, 2 * pieceBytes)
    t.notOk(await sending.isStored(id))
    t.same(await sending.waiting(), [`${sending.referralId}.${id}.sealed`], 'a kill loses nothing')
  })
  t.equal(failure, undefined)
  t.ok(await sending.isStored(told(documents)[0]))
  t.same(await sending.waiting(), [])
})

t.test('whoever reads ahead of the sealing waits for it', async (t) => {
  const { home, referralId, path } = await sendingOf(t, 1000)
  const sealing = await openForSealing(home, referralId, path, aboutIt)
  t.teardown(sealing.close)
  const { bytes, documentId, read } = sealing.source
  const ahead = read(0, bytes)
  await sealing.seal()
  const draft = await readFile(join(home, 'documents', `${documentId}.draft`))
  t.equal(draft.length, bytes)
  t.ok(draft.equals(await ahead))
})

t.test('a small one is begun before it is named, and nothing of it goes up', async (t) => {
  const sending = await sendingOf(t, 1000)
  const files = [...sending.files, ...sending.files]
  const { documents } = await sendDocuments({ ...sending, files }, referrer, async (named) => {
    for (const id of told(named)) {
      t.equal((await stat(join(built.folder, 'documents', id))).size, 0)
    }
  })
  t.equal(documents.length, 2)
  for (const id of told(documents)) t.ok(await sending.isStored(id))
})

t.test('what the service refuses to begin is told to nobody, and is not kept', async (t) => {
  const sending = await sendingOf(t, 1000)
  const elsewhere = { ...sending, referralId: (await refer(built, world.referring.ngo)).referralId }
  const sent = sendDocuments(elsewhere, referrer, async () => t.fail('it was named'))
  const error = await sent.catch((error: unknown) => error)
  t.match(error, { problem: { code: 'not-found' } })
  t.same(await sending.waiting(), [])
})

t.test('a client that may send no documents sends no message either', async (t) => {
  const { referralId } = await refer(built)
  const { environment } = await partyOf(t, {
    ...{ url, world, clientId: await clientOf('messages:write') },
    keys: { signing: lawFirm.signing },
  })
  const call = ['documents', 'add', referralId, await fileOf(t, 1000)]
  t.match(await called(t, call, environment), { code: 1, err: /documents:write/ })
  t.same(await sql`select from message where referral_id = ${referralId}`, [])
})

t.test('a file that changes while it is sealed is told to nobody', async (t) => {
  for (const change of [
    (path: string) => truncate(path, 2 * pieceBytes),
    (path: string) => writeFile(path, 'more', { flag: 'a' }),
  ]) {
    const sending = await sendingOf(t, 3 * pieceBytes)
    const small = join(t.testdirName, 'small.txt')
    await writeFile(small, 'small')
    const changing = {
      ...referrer,
      async beginUpload(source: SealedSource) {
        await referrer.beginUpload(source)
        await change(sending.path)
      },
    }
    // While it is begun the first is sealed, and the second is not yet; the third never is, and nobody waits for it.
    const files = [{ path: small, about: aboutIt }, ...sending.files, ...sending.files]
    await t.rejects(
      sendDocuments({ ...sending, files }, changing, async () => t.fail('it was named')),
      { message: /was changed while it was read/ },
    )
    t.same(await sending.waiting(), [])
  }
})

t.test('a refused telling leaves nothing, and one without an answer leaves all', async (t) => {
  const sending = await sendingOf(t, 1000)
  const refusal = new ServiceProblem({ type: 'x', title: 'No', status: 403, stored: false })
  await t.rejects(
    sendDocuments(sending, referrer, () => Promise.reject(refusal)),
    refusal,
  )
  t.same(await sending.waiting(), [])
  let named: readonly Attachment[] = []
  let reads = 0
  const watched = {
    ...referrer,
    upload: ({ read, ...source }: SealedSource) =>
      referrer.upload({
        ...source,
        read: (...piece) => {
          reads += 1
          return read(...piece)
        },
      }),
  }
  const unanswered = sendDocuments(sending, watched, async (documents) => {
    named = documents
    throw new NoAnswer('the line broke')
  })
  await t.rejects(unanswered, { name: 'NoAnswer' })
  t.equal(reads, 1, 'what was not named is not tried again')
  const [id] = told(named)
  t.same(await sending.waiting(), [`${sending.referralId}.${id}.sealed`])
  t.notOk(await sending.isStored(id))
  t.equal(await uploadWaiting(sending.home, referrer), 1)
  t.ok(await sending.isStored(id))
})

t.test('one that fails once it is named holds up no other, and waits', async (t) => {
  const sending = await sendingOf(t, 1000)
  const files = [...sending.files, ...sending.files]
  let first = ''
  const failing = {
    ...referrer,
    upload: (source: SealedSource, progress?: Progress) => {
      first ||= source.documentId
      if (source.documentId === first) return Promise.reject(new NoAnswer('the line broke'))
      return referrer.upload(source, progress)
    },
  }
  const { documents, failure } = await sendDocuments({ ...sending, files }, failing, async () => {})
  t.match(failure, { name: 'NoAnswer' })
  t.same(await sending.waiting(), [`${sending.referralId}.${first}.sealed`])
  t.ok(await sending.isStored(told(documents)[1]))
})
