/**
 * Goal: a law firm sends documents, casework opens them into a folder, and what is not what it was said to be is not written.
 * Method: the commands, against a service whose folder of files is in the test's hands.
 */
import { copyFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { attachmentOf, createReferrer, newId } from '../../src/client/index.ts'
import { generateRecipientKey } from '../../src/protocol/keys.ts'
import { replyToOfKey } from '../../src/protocol/messages/receipt.ts'
import { build } from '../helpers/build.ts'
import { sealedFile } from '../helpers/documents.ts'
import { messageOn } from '../helpers/message.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { called, partyOf, unbroken } from './run.ts'

const built = await build(t)
const sql = asSuperuser(t, built.databases)
const { url, world } = built
const { lawFirm } = world.referring
const clientId = await onHost(built, (host) =>
  host.addClient({
    ...{ organisationId: lawFirm.organisationId, label: 'Documents', kind: 'partner', kids: [] },
    scopes: ['referrals:submit', 'messages:write', 'documents:write'],
  }),
)
const reply = generateRecipientKey()
const firm = await partyOf(t, {
  ...{ url, world, clientId, keys: { signing: lawFirm.signing, receiving: reply } },
})
const casework = await partyOf(t, {
  ...{ url, world, clientId: world.clients.casework, keys: world.recipients.casework },
})
const stored = (id: string) => join(built.folder, 'documents', id)
const waiting = () => readdir(join(firm.environment.INTAKE_HOME ?? '', 'documents'))
const letter = `%PDF-1.7\n${'A letter of 22 November. '.repeat(9_000)}`

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(firm.folder, name)
  await writeFile(path, content)
  return path
}

async function sent(...files: readonly string[]) {
  const { referralId, acknowledgement } = await refer(built)
  const { reference } = acknowledgement
  const call = ['documents', 'add', reference, ...files, '--type', 'medical_records', '--json']
  const { code, out, err } = await called(t, call, firm.environment)
  if (code !== 0) throw new Error(err)
  const documents: string[] = JSON.parse(out).documents
  return { referralId, reference, documents }
}

const folders = { count: 0 }
async function got(reference: string, ...flags: readonly string[]) {
  folders.count += 1
  const out = join(casework.folder, `out-${folders.count}`)
  const call = ['documents', 'get', reference, '--out', out, ...flags]
  return { ...unbroken(await called(t, call, casework.environment)), folder: out }
}

t.test('documents go up in a message and come down whole, under names of our own', async (t) => {
  const pdf = await fileOf('../../etc/report.pdf'.replaceAll('/', '_'), letter)
  const note = await fileOf('note.txt', 'Seen on 3 December.\n')
  const { reference } = await sent(pdf, note)
  t.strictSame(await waiting(), [], 'nothing of them is left here')
  const list = unbroken(await called(t, ['documents', 'list', reference], casework.environment))
  t.match(list.out, /^1 {2}Medical records, PDF, 226 kB: "\.\._\.\._etc_report\.pdf"$/m)
  t.notMatch(
    (await called(t, ['documents', 'list', reference, '--json'], casework.environment)).out,
    /"key"/,
  )
  const { code, folder, err } = await got(reference)
  t.equal(code, 0, err)
  t.strictSame((await readdir(folder)).sort(), ['document-1.pdf', 'document-2.txt'])
  t.equal(await readFile(join(folder, 'document-1.pdf'), 'utf8'), letter)
  t.equal((await stat(join(folder, 'document-1.pdf'))).mode & 0o777, 0o600)
})

t.test(
  'a file that was exchanged, cut or changed is refused by its name, and nothing is left',
  async (t) => {
    const one = await fileOf('one.pdf', letter)
    const two = await fileOf('two.pdf', letter.toUpperCase())
    const three = await fileOf('three.pdf', letter)
    const { reference, documents } = await sent(one, two, three)
    const [first = '', second = '', third = ''] = documents
    await copyFile(stored(second), stored(first))
    const bytes = await readFile(stored(third))
    bytes[200_000] = (bytes[200_000] ?? 0) ^ 1
    await writeFile(stored(third), bytes)
    const { code, out, folder } = await got(reference)
    t.equal(code, 1)
    t.match(out, /document-1 was not written: .*\(document-exchanged\)/)
    t.match(out, /document-2\.pdf/)
    t.match(out, /document-3 was not written: .*\(document-altered\)/)
    t.strictSame(await readdir(folder), ['document-2.pdf'])
    await truncate(stored(second), 100_000)
    t.match(
      (await got(reference, '--only', '2')).out,
      /document-2 was not written: .*\(document-incomplete\)/,
    )
  },
)

t.test('what is another type than stated, or may act, is written only when told to', async (t) => {
  const html = await fileOf('page.html', '<!doctype html><script>alert(1)</script>')
  const { referralId, reference } = await sent(await fileOf('plain.txt', 'plain'))
  const refused = await called(t, ['documents', 'add', reference, html], firm.environment)
  t.match(refused, { code: 2, err: /no format that is taken/ })
  // Another client may say anything.
  const referrer = createReferrer({
    ...{ url, trust: world.trust, signer: lawFirm.signing, onUnmatched() {} },
    token: () => world.token(clientId),
  })
  const claims = [
    ['application/pdf', 'MZ a program'],
    ['image/png', letter],
    [
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      `PK\x03\x04${' '.repeat(26)}word/document.xml word/vbaProject.bin`,
    ],
  ] as const
  const files = claims.map(([fileType, text]) => {
    const file = sealedFile(referralId, new TextEncoder().encode(text))
    const about = { documentId: file.documentId, type: 'other', fileType, name: 'x' } as const
    return { file, attachment: attachmentOf(about, file.key, file) }
  })
  const documents = files.map(({ attachment }) => attachment)
  await referrer.send(referralId, { text: 'Three more.', documents })
  const early = await got(reference, '--only', '2')
  t.match(early, { code: 1, out: /not written: not uploaded yet \(not-found\)/ })
  const listedBy = async (environment: typeof firm.environment, ...flags: string[]) =>
    unbroken(await called(t, ['documents', 'list', reference, ...flags], environment)).out
  const named = await listedBy(casework.environment)
  t.match(named, /^1 {2}[^:]*: "plain\.txt"\n2 {2}not uploaded yet: Other, PDF, /)
  t.equal(named.match(/not uploaded yet: /g)?.length, 3)
  for (const { file } of files) {
    await referrer.upload({
      ...{ referralId, documentId: file.documentId, bytes: file.sealed.length },
      read: async (from, length) => file.sealed.slice(from, from + length),
    })
  }
  t.notMatch(await listedBy(casework.environment), /not uploaded yet/)
  const told = JSON.parse(await listedBy(casework.environment, '--json')).documents
  t.strictSame(
    told.map(({ uploaded }: { uploaded: boolean }) => uploaded),
    Array(4).fill(true),
  )
  const { code, out, folder } = await got(reference)
  t.equal(code, 1)
  t.match(out, /document-2 was not written: .*may do something.*\(document-refused\)/s)
  t.match(out, /document-3 was not written: .*not of the type/s)
  t.match(out, /document-4 was not written: .*may do something/s)
  t.strictSame(await readdir(folder), ['document-1.txt'])
  const written = await got(reference, '--allow-active')
  t.equal(written.code, 0, written.err)
  t.strictSame((await readdir(written.folder)).sort(), [
    ...['document-1.txt', 'document-2.bin', 'document-3.pdf', 'document-4.bin'],
  ])
})

t.test('who may not upload is told so before a message is sent', async (t) => {
  const silent = await partyOf(t, {
    ...{ url, world, clientId: lawFirm.clientId },
    keys: { signing: lawFirm.signing, receiving: reply },
  })
  const { referralId, acknowledgement } = await refer(built)
  const call = ['documents', 'add', acknowledgement.reference, await fileOf('no.txt', 'no')]
  t.match(await called(t, call, silent.environment), { code: 1, err: /insufficient-scope/ })
  t.equal((await sql`select from message where referral_id = ${referralId}`).length, 0)
  t.strictSame(await readdir(join(silent.environment.INTAKE_HOME ?? '', 'documents')), [])
})

t.test('an upload that was killed goes on from there, with the same bytes', async (t) => {
  const { referralId, reference, documents } = await sent(await fileOf('last.pdf', letter))
  const [id = ''] = documents
  const home = firm.environment.INTAKE_HOME ?? ''
  await copyFile(stored(id), join(home, 'documents', `${referralId}.${id}.sealed`))
  // As if killed in the middle: half of it came, and nothing says that it is whole.
  await truncate(stored(id), 150_000)
  await sql`update document set stored_at = null where id = ${id}`
  t.match((await got(reference)).out, /document-incomplete/)
  t.match(await called(t, ['documents', 'send'], firm.environment), {
    code: 0,
    out: /One document/,
  })
  t.strictSame(await waiting(), [])
  const { folder } = await got(reference)
  t.equal(await readFile(join(folder, 'document-1.pdf'), 'utf8'), letter)
  t.match((await called(t, ['documents', 'send'], firm.environment)).out, /Nothing waits/)
})

t.test('an upload that cannot be finished holds up no other', async (t) => {
  const { documents } = await sent(await fileOf('stuck.pdf', letter))
  const folder = join(firm.environment.INTAKE_HOME ?? '', 'documents')
  const nowhere = `01935f3a-7c00-7000-8000-000000000001.${documents[0]}.sealed`
  await copyFile(stored(documents[0] ?? ''), join(folder, nowhere))
  const { reference, documents: later } = await sent(await fileOf('later.txt', 'Later.'))
  t.equal((await got(reference)).code, 0)
  await copyFile(stored(later[0] ?? ''), join(folder, `${newId()}.${newId()}.sealed`))
  t.equal((await called(t, ['documents', 'send'], firm.environment)).code, 1)
  t.equal((await waiting()).length, 2, 'what nobody took is kept')
  for (const name of await waiting()) await rm(join(folder, name))
})

t.test('a message that is held back is missed, with the documents that it names', async (t) => {
  const { referralId, reference } = await sent(await fileOf('first.txt', 'First.'))
  const second = await fileOf('second.txt', 'Second.')
  await called(t, ['documents', 'add', reference, second], firm.environment)
  await sql`delete from message_delivery where referral_id = ${referralId}`
  await sql`delete from message where referral_id = ${referralId} and number = 1`
  const list = await called(t, ['documents', 'list', reference], casework.environment)
  t.match(list, { code: 1, out: /There is no message 1 by the referrer/ })
  const { code, out, folder } = await got(reference)
  t.match({ code, out }, { code: 1, out: /There is no message 1 by the referrer/ })
  t.same(await readdir(folder), ['document-1.txt'])
})

t.test(
  'what is said beside comes from a file, for others see the arguments of a command',
  async (t) => {
    const { reference } = await sent(await fileOf('xray.txt', 'X-ray.'))
    const words = await fileOf('words.txt', 'Taken on 3 December, before he fell.\n')
    const add = ['documents', 'add', reference, await fileOf('second.txt', 'Second.'), '--text']
    t.match(await called(t, [...add, words], firm.environment), { code: 0 })
    t.match(
      (await called(t, ['messages', reference], casework.environment)).out,
      /before he fell\./,
    )
    const unread = await called(t, [...add, 'Taken on 3 December.'], firm.environment)
    t.match(unread, { code: 1, err: /ENOENT|no such file/ })
  },
)

t.test('no file takes the place of one that is there, of whomever it is', async (t) => {
  const { reference } = await sent(await fileOf('hers.txt', 'Hers.'))
  const { reference: another } = await sent(await fileOf('his.txt', 'His.'))
  const { folder } = await got(reference)
  const call = ['documents', 'get', another, '--out', folder]
  t.match(await called(t, call, casework.environment), {
    ...{ code: 1, out: /document-1 was not written: .*is there already/ },
  })
  t.equal(await readFile(join(folder, 'document-1.txt'), 'utf8'), 'Hers.')
  t.same(await readdir(folder), ['document-1.txt'])
})

t.test('a recipient sends one back, and who sent the referral fetches it', async (t) => {
  const { referralId } = await refer(built, lawFirm, { replyTo: replyToOfKey(reply) })
  const answer = await fileOf('answer.pdf', letter)
  const add = ['documents', 'add', referralId, answer, '--type', 'medical_records']
  t.match(await called(t, add, casework.environment), { code: 0, out: /One document/ })
  const out = join(firm.folder, 'answers')
  const get = ['documents', 'get', referralId, '--out', out]
  const list = await called(t, ['documents', 'list', referralId], firm.environment)
  t.match(unbroken(list), { code: 0, out: /^1 {2}Medical records, PDF/m }, list.err)
  t.match(await called(t, get, firm.environment), { code: 0 })
  t.equal(await readFile(join(out, 'document-1.pdf'), 'utf8'), letter)

  t.same(await readOf(referralId), [], 'nobody has read what it says')
  t.match(await called(t, ['status', referralId], firm.environment), {
    out: /One message not read yet/,
  })
  await called(t, ['messages', referralId], firm.environment)
  t.equal((await readOf(referralId)).length, 1)
})

t.test('a recipient is told at once that nothing can be sent back', async (t) => {
  const { referralId } = await refer(built)
  const add = ['documents', 'add', referralId, await fileOf('back.pdf', letter)]
  const refused = unbroken(await called(t, add, casework.environment))
  t.match(refused, { code: 1, err: /cannot be answered in writing \(reply-key-missing\)/ })
  t.match(refused.err, /Next: Ring them/)
  const folder = join(casework.environment.INTAKE_HOME ?? '', 'documents')
  t.strictSame(await readdir(folder), [], 'nothing of it waits here')
  t.equal((await sql`select from document where referral_id = ${referralId}`).length, 0)
})

t.test('looking for documents leaves what a referrer wrote unread', async (t) => {
  const { referralId, reference } = await sent(await fileOf('unread.txt', 'Unread.'))
  t.match(await called(t, ['documents', 'list', reference], casework.environment), { code: 0 })
  t.equal((await got(reference)).code, 0)
  t.same(await readOf(referralId), [])
  const given = await sql`
    select from audit_entry
    where action = 'messages.read' and object_id = ${referralId}
      and convert_from(leaf, 'UTF8')::jsonb ? 'recipient'`
  t.equal(given.length, 2, 'and the log has each time that it was handed out')
  await called(t, ['messages', reference], casework.environment)
  t.equal((await readOf(referralId)).length, 1)
})

/** Those of its messages that count as read. */
async function readOf(referralId: string) {
  return sql`select from message_delivery where referral_id = ${referralId}`
}

t.test('a file that is named many times is fetched and written once', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  const file = sealedFile(referralId, new TextEncoder().encode(letter))
  const { documentId } = file
  const about = { documentId, type: 'other', fileType: 'application/pdf' } as const
  const referrer = createReferrer({
    ...{ url, trust: world.trust, signer: lawFirm.signing, onUnmatched() {} },
    token: () => world.token(clientId),
  })
  const named = (name: string) => attachmentOf({ ...about, name }, file.key, file)
  for (let count = 0; count < 2; count += 1) {
    const documents = Array.from({ length: 20 }, (_, at) => named(`letter ${count} ${at}`))
    await referrer.send(referralId, { text: 'A letter.', documents })
  }
  await referrer.upload({
    ...{ referralId, documentId, bytes: file.sealed.length },
    read: async (from, length) => file.sealed.slice(from, from + length),
  })
  const { code, folder, err } = await got(acknowledgement.reference)
  t.equal(code, 0, err)
  t.strictSame(await readdir(folder), ['document-1.pdf'])
})

t.test('a message that is no object hides no document of another', async (t) => {
  const referred = await refer(built)
  const { referralId, acknowledgement } = referred
  const { reference } = acknowledgement
  const odd = messageOn(world, referred, undefined, { content: null as never })
  const call = await callerOf(world, url, clientId)
  t.equal((await call('POST', `/v1/referrals/${referralId}/messages`, odd)).status, 201)
  const file = await fileOf('beside.pdf', letter)
  t.equal((await called(t, ['documents', 'add', reference, file], firm.environment)).code, 0)
  const list = await called(t, ['documents', 'list', reference], casework.environment)
  t.match(list, { code: 0, out: /^1 {2}Other.*PDF/ })
  const { code, folder } = await got(reference)
  t.equal(code, 0)
  t.strictSame(await readdir(folder), ['document-1.pdf'])
})

t.test(
  'a list that was changed in the database is named as what it is, and no other',
  async (t) => {
    const { referralId, acknowledgement } = await refer(built)
    const { reference } = acknowledgement
    const file = await fileOf('after.txt', 'After.')
    t.equal((await called(t, ['documents', 'add', reference, file], firm.environment)).code, 0)
    await sql`
    update compartment
    set sealed[at] = set_byte(sealed[at], 0, get_byte(sealed[at], 0) # 1)
    from (select array_position(names, 'documents') as at
          from compartment where referral_id = ${referralId}) documents
    where referral_id = ${referralId}`
    const list = unbroken(await called(t, ['documents', 'list', reference], casework.environment))
    t.match(list, {
      code: 1,
      out: /^Not as it was written: The compartment documents fails at \w+\.$/m,
    })
    t.match(list.out, /^1 {2}Other, Plain text, .*"after\.txt"$/m, 'what a message named stays')
    t.notMatch(list.out, /does not open the compartment/)
    const { code, out, folder } = await got(reference)
    t.match({ code, out }, { code: 1, out: /The compartment documents fails at / })
    t.strictSame(await readdir(folder), ['document-1.txt'])
  },
)
