/**
 * Goal: files go with a first referral, once each, and nobody gets a name for what was refused.
 * Method: the commands, of a law firm, a clinic and casework, against a service behind a line that can be cut, and a client
 * that is killed between two steps.
 */
import { readdir, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { enclosable, releaseAcknowledged, requireRoom } from '../../src/cli/partner/enclosing.ts'
import { createOutbox } from '../../src/cli/partner/outbox.ts'
import { createSending, type Task } from '../../src/cli/partner/sending.ts'
import {
  type Acknowledgement,
  attachmentOf,
  createReferrer,
  type Envelope,
  NoAnswer,
  newId,
  type Referrer,
  ServiceProblem,
} from '../../src/client/index.ts'
import { generateRecipientKey } from '../../src/protocol/keys.ts'
import { between } from '../client/between.ts'
import { build } from '../helpers/build.ts'
import { sealedFile } from '../helpers/documents.ts'
import { onHost, publishKeyset } from '../helpers/publish.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import { called, partyOf, running, unbroken } from './run.ts'

const built = await build(t)
const sql = asSuperuser(t, built.databases)
const { url, world } = built
const { lawFirm } = world.referring
const withScopes = (...scopes: ('referrals:submit' | 'documents:write' | 'messages:write')[]) =>
  onHost(built, (host) =>
    host.addClient({
      ...{ organisationId: lawFirm.organisationId, label: 'Enclosing', kind: 'partner', kids: [] },
      scopes,
    }),
  )
const clientId = await withScopes('referrals:submit', 'documents:write', 'messages:write')
const keys = { signing: lawFirm.signing, receiving: generateRecipientKey() }
const readerOf = (who: 'casework' | 'clinic') =>
  partyOf(t, { ...{ url, world, clientId: world.clients[who], keys: world.recipients[who] } })
const [casework, clinic] = [await readerOf('casework'), await readerOf('clinic')]
const copies = await partyOf(t, {
  ...{ url, world, keys: world.recipients.casework },
  clientId: await onHost(built, (host) =>
    host.addClient({
      ...{ organisationId: world.referring.telephone.organisationId, label: 'Copies' },
      ...{ kind: 'internal', scopes: ['cases:export'] },
      kids: [world.recipients.casework.receiving.kid],
    }),
  ),
})
const letter = `%PDF-1.7\n${'A letter of 22 November. '.repeat(9_000)}`

/** A law firm with a home of its own, a draft and a letter in it. */
async function firmOf(t: Test, familyName: string) {
  const firm = await partyOf(t, { ...{ url, world, clientId, keys } })
  const file = async (name: string, content: string) => {
    const path = join(firm.folder, name)
    await writeFile(path, content)
    return path
  }
  const home = firm.environment.INTAKE_HOME ?? ''
  const namesIn = (...path: string[]) => readdir(join(home, ...path)).catch(() => [] as string[])
  return {
    ...firm,
    ...{ home, file },
    draft: (name: string) => file('draft.json', draftOf(name)),
    pdf: await file('letter.pdf', letter),
    path: await file('draft.json', draftOf(familyName)),
    held: () => namesIn('outbox', 'documents'),
    waiting: () => namesIn('documents'),
    outbox: async () => (await namesIn('outbox')).filter((name) => name !== 'documents'),
  }
}

type Firm = Awaited<ReturnType<typeof firmOf>>

function draftOf(familyName: string): string {
  const referral = { identity: { familyName }, documents: { list: [{ type: 'consent_form' }] } }
  return JSON.stringify({ channel: 'legal_representative', region: 'kent', referral })
}

async function refer(t: Test, firm: Firm, args: readonly string[], url?: string) {
  const environment = { ...firm.environment, ...(url !== undefined && { INTAKE_URL: url }) }
  const ran = await called(t, ['refer', ...args, '--json'], environment)
  const { results = [], ...rest } = ran.out ? JSON.parse(ran.out) : {}
  return { ...ran, results, rest, told: ran.err ? JSON.parse(ran.err).problem : undefined }
}

async function counted() {
  const [row] = await sql<[{ referrals: number; documents: number }]>`
    select (select count(*)::int from referral) as referrals,
      (select count(*)::int from document where stored_at is not null) as documents`
  return row
}

let folders = 0
async function got(t: Test, party: typeof casework, reference: string) {
  folders += 1
  const folder = join(party.folder, `out-${folders}`)
  const ran = await called(t, ['documents', 'get', reference, '--out', folder], party.environment)
  return { ...unbroken(ran), folder, files: await readdir(folder).catch(() => []) }
}

t.test('a file that goes with a referral is opened by who holds its compartment', async (t) => {
  const firm = await firmOf(t, 'Adeyemi')
  const note = await firm.file('note.txt', 'Seen on 3 December.\n')
  const args = ['refer', firm.path, '--document', firm.pdf, '--document', note]
  const call = [...args, '--type', 'medical_records']
  const ran = unbroken(await called(t, call, firm.environment))
  t.match(ran, { code: 0, out: /^stored .*reference [0-9]{8}, with 2 documents$/m }, ran.err)
  t.strictSame([await firm.held(), await firm.waiting(), await firm.outbox()], [[], [], []])
  const [, reference = ''] = /reference ([0-9]{8})/.exec(ran.out) ?? []

  const list = await called(t, ['documents', 'list', reference], clinic.environment)
  t.match(unbroken(list).out, /^1 {2}Medical records, PDF, 226 kB: "letter\.pdf"$/m)
  const { code, files, folder } = await got(t, clinic, reference)
  t.strictSame([code, files.sort()], [0, ['document-1.pdf', 'document-2.txt']])
  t.equal(await readFile(join(folder, 'document-1.pdf'), 'utf8'), letter)

  const opened = await called(t, ['open', reference], casework.environment)
  t.match(unbroken(opened).out, /Medical records, .*letter\.pdf/, 'what it is stands on the screen')
  const json = await called(t, ['open', reference, '--json'], casework.environment)
  const named = JSON.parse(json.out).compartments?.documents.list
  t.equal(named.length, 3, 'behind what the draft lists')
  for (const { key = '?', sha256 = '?' } of named) {
    t.notOk(opened.out.includes(key) || opened.out.includes(sha256), 'and no key')
  }
  const into = join(copies.folder, 'copy')
  const copy = await called(t, ['case', 'export', reference, '--into', into], copies.environment)
  t.match(unbroken(copy), { code: 0, out: /one referral and 2 documents/i }, copy.err)
  const copied = join(into, reference, 'document-1.pdf')
  t.equal(await readFile(copied, 'utf8'), letter, 'and a copy of the case has it')
})

t.test('who does not hold the compartment gets nothing of it, and is told', async (t) => {
  const { keyset } = world
  const recipients = keyset.recipients.map((recipient) => ({
    ...recipient,
    compartments: recipient.compartments.filter(
      (name) => name !== 'documents' || recipient.label !== 'Clinic',
    ),
  }))
  await publishKeyset(built, { ...keyset, recipients })
  const firm = await firmOf(t, 'Benali')
  const { results } = await refer(t, firm, [firm.path, '--document', firm.pdf])
  const [{ reference, referralId, documents }] = results
  const { code, out, files } = await got(t, clinic, reference)
  t.match({ code, out, files }, { code: 0, out: /None\..*compartment documents/s, files: [] })
  t.notMatch(out, /letter|PDF/)
  t.equal((await got(t, casework, reference)).code, 0)
  t.equal(documents.length, 1)
  t.ok(referralId)
})

t.test('a clinician who was let into the compartment for some days opens its files', async (t) => {
  const { keys, clientId: ofVolunteer } = await addVolunteer(built, ['clinical', 'documents'])
  const volunteer = await partyOf(t, { url, world, clientId: ofVolunteer, keys })
  const firm = await firmOf(t, 'Castellanos')
  const { results } = await refer(t, firm, [firm.path, '--document', firm.pdf])
  const [{ reference }] = results
  t.not((await got(t, volunteer, reference)).code, 0, 'not before')
  const grant = ['grant', reference, '--to', 'Volunteer', '--compartments', 'documents']
  t.match(await called(t, grant, casework.environment), { code: 0 })
  const { code, out, err, files } = await got(t, volunteer, reference)
  t.strictSame([code, files], [0, ['document-1.pdf']], out + err)
  t.match(out, /may not read messages/)
})

t.test('what would be refused is refused before anything is sealed or sent', async (t) => {
  const firm = await firmOf(t, 'Chowdhury')
  const before = await counted()
  const line = await between(t, url, (answer) => answer)
  const html = await firm.file('page.html', '<!doctype html><script>alert(1)</script>')
  const macro = `PK\x03\x04${' '.repeat(26)}word/document.xml word/vbaProject.bin`
  const docx = await firm.file('macro.docx', macro)
  const film = await firm.file('film.pdf', letter)
  await truncate(film, 201 * 1024 ** 2)
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[firm.path, '--document', html], /no format that is taken/],
    [[firm.path, '--document', docx], /no format that is taken/],
    [[firm.path, '--document', firm.folder], /is not a file/],
    [[firm.path, '--document', join(firm.folder, 'none')], /no such file/],
    [
      [firm.path, ...Array.from({ length: 51 }, () => ['--document', firm.pdf]).flat()],
      /at most 50/,
    ],
    [[firm.path, '--document', firm.pdf, '--type', 'secret'], /not a type of document/],
    [[firm.path, '--type', 'other'], /--type is that of a --document/],
    [['--document', firm.pdf], /goes with one FILE/],
  ]
  for (const [args, words] of wrong) {
    const { code, told } = await refer(t, firm, args, line.url)
    t.match({ code, title: told.title }, { code: Number, title: words })
    t.not(code, 0)
  }
  t.strictSame(line.passed, [], 'for that the service is not asked')
  const large = await refer(t, firm, [firm.path, '--document', film])
  t.match(large, { code: 2, told: { title: /film\.pdf is too large: 200 MB are taken/ } })

  const poor = await partyOf(t, {
    ...{ url, world, clientId: await withScopes('referrals:submit'), keys },
  })
  const unpermitted = { ...firm, environment: { ...poor.environment } }
  const refused = await refer(t, unpermitted, [firm.path, '--document', firm.pdf])
  t.match(refused, { code: 1, told: { code: 'insufficient-scope' } })
  t.strictSame(await counted(), before, 'nothing was sent')
  t.strictSame([await firm.held(), await firm.waiting(), await firm.outbox()], [[], [], []])
})

t.test('a referral that is refused leaves none of its documents behind', async (t) => {
  const firm = await firmOf(t, 'Dhillon')
  const problem = { type: 'x', title: 'No', status: 422, code: 'referral-invalid', stored: false }
  const line = await between(t, url, (answer, { method }) =>
    method === 'PUT' ? { ...answer, status: 422, body: JSON.stringify(problem) } : answer,
  )
  const { code, results } = await refer(t, firm, [firm.path, '--document', firm.pdf], line.url)
  t.match({ code, results }, { code: 1, results: [{ status: 'refused' }] })
  t.strictSame([await firm.held(), await firm.waiting(), await firm.outbox()], [[], [], []])
  await firm.file('draft.json', '{"channel":"carrier_pigeon","region":"kent","referral":{}}')
  const unsealed = await refer(t, firm, [firm.path, '--document', firm.pdf])
  t.match(unsealed, { code: 1, results: [{ status: 'failed' }] })
  t.strictSame([await firm.held(), await firm.waiting()], [[], []])
})

t.test('where no answer came the same bytes and the same file go again', async (t) => {
  const firm = await firmOf(t, 'Eriksen')
  let lost = true
  const line = await between(t, url, (answer, { method }) =>
    method === 'PUT' && lost ? undefined : answer,
  )
  const first = await refer(t, firm, [firm.path, '--document', firm.pdf], line.url)
  t.match(first, { code: 1, results: [{ status: 'waiting' }] })
  const held = await firm.held()
  t.equal(held.length, 1)
  t.strictSame(await firm.waiting(), [], 'nothing of it goes up by itself')
  const listed = await called(t, ['outbox'], firm.environment)
  t.match(listed.out, /with {4}one document/)
  const early = await called(t, ['documents', 'send'], firm.environment)
  t.match(early, { code: 1, out: /^One document waits for a referral that is not acknowledged/ })

  const other = await firm.file('other.txt', 'Another.')
  const differing = await refer(t, firm, [firm.path, '--document', other], line.url)
  t.match(differing, {
    code: 3,
    results: [{ status: 'held', problem: { title: /other documents/ } }],
  })
  await firm.draft('Eriksen-Berg')
  const changed = await refer(t, firm, [firm.path], line.url)
  t.equal(changed.code, 3)
  t.match(changed.results, [
    { status: 'failed', problem: { title: /names none/ } },
    { status: 'held' },
  ])
  await firm.draft('Eriksen')
  t.strictSame(await firm.held(), held, 'all of that changed nothing')

  lost = false
  const before = await counted()
  const second = await refer(t, firm, [firm.path, '--document', firm.pdf], url)
  t.match(second, { code: 0, results: [{ status: 'stored', documents: [/./] }] })
  const [{ referralId, reference, documents }] = second.results
  t.strictSame(held, [`${referralId}.${documents[0]}.sealed`])
  const after = await counted()
  t.strictSame(after, { ...before, documents: before.documents + 1 })
  const bodies = line.passed.filter(({ method }) => method === 'PUT').map(({ body }) => body)
  t.equal(new Set(bodies).size, 1)
  t.equal((await got(t, casework, reference)).code, 0)

  const again = await refer(t, firm, [firm.path, '--document', firm.pdf])
  t.match(again, { code: 0, results: [{ status: 'stored-before', documents }] })
  const more = await refer(t, firm, [firm.path, '--document', other])
  t.match(more, {
    ...{ code: 1 },
    results: [{ status: 'stored-before', problem: { next: `documents add ${reference}` } }],
  })
  t.strictSame(await counted(), after)
})

t.test('what takes back a referral takes back its documents', async (t) => {
  const firm = await firmOf(t, 'Farooqi')
  const line = await between(t, url, (answer, { method }) =>
    method === 'PUT' ? { ...answer, status: 503, body: '' } : answer,
  )
  await refer(t, firm, [firm.path, '--document', firm.pdf], line.url)
  t.equal((await firm.held()).length, 1)
  t.equal((await called(t, ['outbox', 'drop', firm.path], firm.environment)).code, 3)
  t.strictSame([await firm.held(), await firm.outbox()], [[], []])
})

t.test('a client that is killed before the upload goes on with documents send', async (t) => {
  const firm = await firmOf(t, 'Ghosh')
  const before = await counted()
  await killedAt(t, firm, ({ method, path }) => method === 'POST' && path === '/v1/documents')
  const [name = ''] = await firm.waiting()
  t.strictSame([await firm.held(), await firm.outbox()], [[], []])
  // As if it was killed once it had kept the acknowledgement, and before it moved the file.
  await rename(join(firm.home, 'documents', name), join(firm.home, 'outbox', 'documents', name))
  t.match(await called(t, ['documents', 'send'], firm.environment), {
    code: 0,
    out: /One document/,
  })
  t.strictSame(await firm.waiting(), [])
  const [referralId = ''] = name.split('.')
  const { code, files } = await got(t, casework, referralId)
  t.strictSame([code, files], [0, ['document-1.pdf']])
  const { referrals, documents } = await counted()
  t.strictSame([referrals, documents], [before.referrals + 1, before.documents + 1])
})

t.test('a client that is killed before the answer goes on with refer', async (t) => {
  const firm = await firmOf(t, 'Haddad')
  const before = await counted()
  await killedAt(t, firm, ({ method }) => method === 'PUT')
  const held = await firm.held()
  const { code, results } = await refer(t, firm, [])
  t.match({ code, results }, { code: 0, results: [{ status: 'stored' }] })
  const [{ referralId, documents }] = results
  t.strictSame(held, [`${referralId}.${documents[0]}.sealed`])
  t.strictSame([await firm.held(), await firm.waiting(), await firm.outbox()], [[], [], []])
  const { referrals, documents: stored } = await counted()
  t.strictSame([referrals, stored], [before.referrals + 1, before.documents + 1])
})

t.test('an amendment brings a file of its own, and the first keeps what it has', async (t) => {
  const firm = await firmOf(t, 'Ibrahim')
  const first = await refer(t, firm, [firm.path, '--document', firm.pdf])
  const [{ reference }] = first.results
  const note = await firm.file('note.txt', 'Seen on 3 December.\n')
  const amending = [firm.path, '--amends', reference, '--document', note]
  const second = await refer(t, firm, amending)
  t.match(second, { code: 0, results: [{ status: 'stored', documents: [/./] }] })
  t.strictSame((await got(t, casework, reference)).files, ['document-1.pdf'])
  t.strictSame((await got(t, casework, second.results[0].reference)).files, ['document-1.txt'])
  t.match(await refer(t, firm, amending), { code: 0, results: [{ status: 'stored-before' }] })
})

t.test('a program names a file in a referral by the SDK, and uploads it after', async (t) => {
  const referrer = createReferrer({
    ...{ url, trust: world.trust, signer: lawFirm.signing, onUnmatched() {} },
    token: () => world.token(clientId),
  })
  const referralId = newId()
  const file = sealedFile(referralId, new TextEncoder().encode(letter))
  const about = { type: 'other', fileType: 'application/pdf', name: 'letter.pdf' } as const
  const { documentId, key, sealed } = file
  const documents = [attachmentOf({ ...about, documentId }, key, file)]
  const envelope = await referrer.seal(JSON.parse(draftOf('Jovanovic')), { referralId, documents })
  const { reference } = await referrer.submit(envelope)
  const early = await got(t, casework, reference)
  t.match(early, { code: 1, out: /document-1 was not written: .*not uploaded yet/ })
  const read = async (from: number, length: number) => sealed.slice(from, from + length)
  await referrer.upload({ referralId, documentId, bytes: sealed.length, read })
  const { code, folder } = await got(t, casework, reference)
  t.equal(code, 0)
  t.equal(await readFile(join(folder, 'document-1.pdf'), 'utf8'), letter)
})

/** What a service does with each envelope that is sent to it, in turn. */
function sendingTo(home: string, ...answers: readonly ('lost' | 'outdated' | 'stored')[]) {
  const outbox = createOutbox(home)
  const named: (readonly unknown[])[] = []
  const seal: Referrer['seal'] = async (_, { referralId = '', documents = [] } = {}) => {
    named.push(documents)
    return { header: { referralId }, mark: named.length } as unknown as Envelope
  }
  const left = [...answers]
  const submit = async ({ header: { referralId } }: Envelope) => {
    const answer = left.shift()
    if (answer === 'stored') return { referralId, reference: '12345674' } as Acknowledgement
    if (answer === 'lost') throw new NoAnswer('none')
    const problem = {
      type: '',
      title: 'No',
      code: 'unknown-keyset',
      stored: false,
      status: 409,
    } as const
    throw new ServiceProblem({ ...problem, retry: 'after-refresh' })
  }
  const call = (task: Partial<Task>) => {
    const referrer = { seal, submit } as unknown as Referrer
    const all = { id: newId(), files: ['draft'], places: [], replaces: [], ...task }
    return createSending(
      referrer,
      outbox,
      async () => 'wait',
      async () => {},
    ).refer(all)
  }
  return {
    outbox,
    named,
    call,
    held: async () => (await outbox.held()).map((one) => one.documentId),
  }
}

t.test('what has to be sealed again takes its files again, or is not sealed', async (t) => {
  const firm = await firmOf(t, 'Kowalska')
  const documents = await enclosable([firm.pdf], 'other')
  const draft = { sha256: 'ab', bytes: Buffer.from('{}') }
  const { call, held, named } = sendingTo(
    firm.home,
    'lost',
    'outdated',
    'lost',
    'outdated',
    'stored',
  )
  const id = newId()
  await call({ id, draft, documents })
  t.equal((await held()).length, 1)
  const [[, refused] = []] = await call({ id, draft })
  t.match(refused, { status: 'refused', problem: { next: /with --document/ } })
  t.strictSame(await held(), [])

  await call({ id, draft, documents })
  const [before] = await held()
  const [[, stored] = []] = await call({ id, draft, documents })
  t.match(stored, { status: 'stored', documents: [/./] })
  t.not(stored?.documents?.[0], before, 'under another id and key')
  t.strictSame([await held(), (await firm.waiting()).length, named.length], [[], 1, 3])
})

t.test('of two calls that seal one draft, only the files of the first are kept', async (t) => {
  const firm = await firmOf(t, 'Lindqvist')
  const documents = await enclosable([firm.pdf], 'other')
  const draft = { sha256: 'ab', bytes: Buffer.from('{}') }
  const { call, held, outbox } = sendingTo(firm.home, 'lost', 'lost')
  const id = newId()
  await Promise.all([call({ id, draft, documents }), call({ id, draft, documents })])
  const kept = await outbox.sealed(id)
  t.strictSame(
    await held(),
    kept?.documents?.map(({ documentId }) => documentId),
  )
})

t.test('what a call left that died is removed in a day, and what waits is not', async (t) => {
  const firm = await firmOf(t, 'Mwangi')
  const documents = await enclosable([firm.pdf], 'other')
  const { call, outbox } = sendingTo(firm.home, 'lost')
  await call({ draft: { sha256: 'ab', bytes: Buffer.from('{}') }, documents })
  const folder = join(firm.home, 'outbox', 'documents')
  const [waiting = ''] = await readdir(folder)
  const young = `${newId()}.${newId()}.sealed`
  const old = [`${newId()}.${newId()}.sealed`, `${newId()}.draft`]
  for (const name of [young, ...old]) await writeFile(join(folder, name), 'sealed')
  const yesterday = new Date(Date.now() - 25 * 3_600_000)
  for (const name of [waiting, ...old]) await utimes(join(folder, name), yesterday, yesterday)
  t.equal(await releaseAcknowledged(outbox), 1)
  t.strictSame((await readdir(folder)).sort(), [waiting, young].sort())
})

t.test('what is taken of one referral is all of its files together', async (t) => {
  const file = { type: 'other', name: 'a', sha256: '' } as const
  const files = ['a.pdf', 'b.pdf'].map((path) => ({ ...file, path, bytes: 1024 ** 2 }))
  const bytesMax = 2 * 1024 ** 2
  requireRoom(files, { bytesMax, referralBytesMax: 2 * bytesMax })
  t.throws(
    () => requireRoom(files, { bytesMax, referralBytesMax: bytesMax }),
    /2 MB are taken of one/,
  )
  t.end()
})

/** Kills a client without a word as soon as the service has done what `at` tells. */
async function killedAt(
  t: Test,
  firm: Firm,
  at: (request: { method: string; path: string }) => boolean,
): Promise<void> {
  let reach = () => {}
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const line = await between(t, url, (answer, request) => {
    if (!at(request)) return answer
    reach()
    return new Promise(() => {})
  })
  const args = ['refer', firm.path, '--document', firm.pdf]
  const client = running(t, args, { ...firm.environment, INTAKE_URL: line.url })
  await Promise.race([reached, client.ended])
  t.equal((await client.stop('SIGKILL')).code, null)
}
