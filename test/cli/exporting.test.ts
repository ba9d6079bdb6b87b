/**
 * Goal: who is given a copy of a case is given all of it, what is not in it is named, and nothing changes by it that anybody
 * sees but the log.
 * Method: a case with everything in it, exported by a client that may do nothing else; and once more by a key that opens less.
 */
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  type Attachment,
  attachmentOf,
  createReader,
  createReferrer,
  type Opened,
} from '../../src/client/index.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { completeReferral } from '../../src/referral/draft.ts'
import { between } from '../client/between.ts'
import { build } from '../helpers/build.ts'
import { sealedFile } from '../helpers/documents.ts'
import { messageOn } from '../helpers/message.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import { called, partyOf, unbroken } from './run.ts'

const built = await build(t)
const sql = asSuperuser(t, built.databases)
const { url, world } = built
const { lawFirm, telephone } = world.referring
const { casework, clinic } = world.recipients
await addVolunteer(built, ['interpreting', 'clinical'])

const clientOf = (kid: string) =>
  onHost(built, (host) =>
    host.addClient({
      ...{ organisationId: telephone.organisationId, label: 'Copies', kind: 'internal' },
      ...{ scopes: ['cases:export'], kids: [kid] },
    }),
  )
const exporter = await clientOf(casework.receiving.kid)
const byClinic = await clientOf(clinic.receiving.kid)
const firmClient = await onHost(built, (host) =>
  host.addClient({
    ...{ organisationId: lawFirm.organisationId, label: 'Documents', kind: 'partner', kids: [] },
    scopes: ['referrals:submit', 'messages:write', 'documents:write'],
  }),
)
const party = {
  copies: await partyOf(t, { url, world, clientId: exporter, keys: casework }),
  clinic: await partyOf(t, { url, world, clientId: byClinic, keys: clinic }),
}
const run = async (by: keyof typeof party, ...args: string[]) =>
  unbroken(await called(t, args, party[by].environment))
const reader = createReader({
  ...{ url, trust: world.trust, recipient: casework },
  token: () => world.token(world.clients.casework),
})
const openedOf = async (name: string): Promise<Opened> => {
  const opened = await reader.open(await reader.fetch(name))
  if (!opened.opened) throw new Error(opened.step)
  await reader.stateUrgency(opened)
  return opened
}

const referrer = createReferrer({
  ...{ url, trust: world.trust, signer: lawFirm.signing, onUnmatched() {} },
  token: () => world.token(firmClient),
})
/** A letter, and one that may do something when it is opened. */
async function sendFiles(referralId: string): Promise<string[]> {
  const files = ['%PDF-1.7\nCANARY-LETTER', 'MZ CANARY-ACTIVE'].map((words) => {
    const file = sealedFile(referralId, new TextEncoder().encode(words))
    const { documentId } = file
    const about = { documentId, type: 'other', fileType: 'application/pdf', name: 'CANARY-FILE' }
    return { file, attachment: attachmentOf(about as Attachment, file.key, file) }
  })
  const documents = files.map(({ attachment }) => attachment)
  await referrer.send(referralId, { text: 'Two files.', documents })
  for (const { file } of files) {
    await referrer.upload({
      ...{ referralId, documentId: file.documentId, bytes: file.sealed.length },
      read: async (from, length) => file.sealed.slice(from, from + length),
    })
  }
  return files.map(({ file }) => file.documentId)
}

const first = await refer(built, lawFirm, {
  referral: completeReferral({ identity: { familyName: 'Okonkwo', givenNames: 'CANARY-NAME' } }),
})
const second = await refer(built)
const [reference, other] = [first, second].map(({ acknowledgement }) => acknowledgement.reference)
await referrer.send(first.referralId, { text: 'CANARY-QUESTION' })
const [letterId, activeId] = await sendFiles(first.referralId)
const about = await openedOf(reference!)
const { caseId } = await reader.merge(reference!, other!, { about, text: 'CANARY-NOTE' })
await reader.grant(reference!, { to: 'Volunteer', compartments: ['clinical'] })
const unnamed = newId()
await sql`insert into document (id, referral_id, bytes, begun_at, stored_at)
          values (${unnamed}, ${second.referralId}, 65577, now(), now())`
const unread = async () => (await reader.case(caseId)).referrals.map((one) => one.unread)
const copies = async () =>
  (
    await sql<{ action: string; object: string }[]>`
      select e.action, e.object_id as object from audit_entry e join audit_opening o on o.entry_id = e.id
      where o.client_id = ${exporter} and e.outcome = 'permitted' order by e.at, e.id`
  ).map(({ action, object }) => `${action} ${object}`)

const fetched = async () => (await copies()).filter((it) => it.startsWith('document.op')).length

const folder = join(party.copies.folder, 'copy')
const whole = async (of = folder) => JSON.parse(await readFile(join(of, 'case.json'), 'utf8'))

t.test('all of it is in the copy, and what is not is named', async (t) => {
  const before = await unread()
  t.strictSame(before, [2, 0])
  const { code, out, err } = await run('copies', 'case', 'export', reference!, '--into', folder)
  t.equal(code, 1, err)
  t.match(out, /2 referrals and one document in/)
  t.match(out, /Not here: document 2 of referral .*may do something.*document-refused/s)
  t.match(out, new RegExp(`document ${unnamed} of referral ${other}: .*document-unnamed`))
  t.strictSame((await readdir(folder)).sort(), [reference!, 'case.json', 'case.txt'].sort())
  t.strictSame(await readdir(join(folder, reference!)), ['document-1.pdf'])
  for (const name of ['case.json', 'case.txt', `${reference}/document-1.pdf`]) {
    t.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name)
  }
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.match(await readFile(join(folder, reference!, 'document-1.pdf'), 'utf8'), /CANARY-LETTER/)
  const copy = await whole()
  const page = await readFile(join(folder, 'case.txt'), 'utf8')
  for (const word of [
    'CANARY-NAME',
    'CANARY-QUESTION',
    'CANARY-NOTE',
    'Volunteer',
    'CANARY-FILE',
  ]) {
    t.match(JSON.stringify(copy), word)
    t.match(page, word)
  }
  const [one] = copy.referrals
  t.match(one, { referralId: first.referralId, reference, state: 'received' })
  t.match(one.grants, [{ label: 'Volunteer', compartments: ['clinical'] }])
  t.equal(one.statements.length, 1, 'what the rules gave was stated by who opened it')
  t.match(page, /Urgency by the rules/)
  t.match(page, /referral\.submitted/)
  t.notMatch(JSON.stringify(copy), /"key":/, 'what opens the stored files is not in it')
  const entries: { action: string; object: { id: string } }[] = copy.entries
  for (const action of ['referral.submitted', 'referral.opened', 'message.sent', 'grant.given']) {
    t.ok(
      entries.some((entry) => entry.action === action && entry.object.id === first.referralId),
      action,
    )
  }
  t.match(
    entries.find((entry) => entry.action === 'case.merged'),
    { details: { basis: 'person', acts: [{ act: 'merged', case: caseId }] } },
  )
  t.strictSame(await unread(), before, 'no message counts as read')
  const log = await copies()
  for (const { referralId } of [first, second]) {
    for (const action of ['case.exported', 'referral.opened', 'messages.read', 'grant.listed']) {
      t.ok(log.includes(`${action} ${referralId}`), `${action} ${referralId}`)
    }
  }
  t.ok(log.includes(`case.exported ${caseId}`))
  t.ok(log.includes(`document.opened ${first.referralId}`))
  t.notOk(
    log.some((line) => line.startsWith('urgency')),
    'nothing is stated by a copy',
  )
})

t.test('it takes the place of nothing, and goes on where it was interrupted', async (t) => {
  const args = ['case', 'export', caseId, '--allow-active', '--into']
  t.match(await run('copies', ...args, folder), { code: 2, err: /holds a copy already/ })
  t.match(await run('copies', ...args, party.copies.folder), { code: 2, err: /something else/ })
  const begun = join(party.copies.folder, 'begun')
  await mkdir(begun, { mode: 0o700 })
  await writeFile(join(begun, 'unfinished'), `${newId()}\n`)
  t.match(await run('copies', ...args, begun), { code: 2, err: /another case/ })

  await rm(join(folder, 'case.json'))
  const line = `${reference}/document-1.pdf ${letterId}`
  await writeFile(join(folder, 'unfinished'), `${caseId}\n${line}\n`)
  const before = await fetched()
  const { code } = await run('copies', ...args, folder)
  t.equal(code, 1, 'one sealed file is still named by nothing')
  t.equal((await fetched()) - before, 1, 'the letter is not fetched again')
  t.strictSame((await readdir(join(folder, reference!))).sort(), [
    'document-1.pdf',
    'document-2.bin',
  ])
  t.notOk((await readdir(folder)).includes('unfinished'))
  t.match(await whole(), { gaps: [{ part: 'document', name: unnamed, why: 'document-unnamed' }] })
})

t.test(
  'what another key opens of it is less, and each thing that is missing is said',
  async (t) => {
    await sql`delete from wrap where referral_id = ${second.referralId} and kid = ${clinic.receiving.kid}`
    const into = join(party.clinic.folder, 'copy')
    const { code, out } = await run('clinic', 'case', 'export', caseId, '--into', into)
    t.equal(code, 1)
    const { gaps, referrals } = await whole(into)
    const held = Object.keys(referrals[0].opened.compartments)
    const named = gaps.flatMap((gap: { part: string; name: string; referralId: string }) =>
      gap.part === 'compartment' && gap.referralId === first.referralId ? [gap.name] : [],
    )
    t.strictSame([...held, ...named].sort(), Object.keys(first.envelope.compartments).sort())
    t.ok(named.length > 0)
    t.match(out, /Not here: compartment identity/)
    t.equal(referrals[1].opened, undefined)
    t.ok(
      gaps.some(
        (gap: { part: string; why: string; referralId: string }) =>
          gap.part === 'referral' &&
          gap.why === 'not-found' &&
          gap.referralId === second.referralId,
      ),
    )
  },
)

t.test('who may have a copy may do nothing else, and nobody has one by default', async (t) => {
  const call = await callerOf(world, url, exporter)
  const kid = casework.receiving.kid
  const path = `/v1/referrals/${first.referralId}`
  const refused = { status: 403, body: { code: 'insufficient-scope' } }
  t.match(await call('GET', `${path}/messages?recipient=${kid}`), refused, 'counts them as read')
  t.match(await call('POST', '/v1/triage/claims', { recipient: kid, max: 1 }), refused)
  t.match(await call('POST', `${path}/erasure`), refused)
  t.match(await call('GET', `/v1/cases/${caseId}`), refused)
  const usual = await onHost(built, (host) =>
    host.addClient({
      ...{ organisationId: telephone.organisationId, label: 'Usual', kind: 'internal' },
      ...{ scopes: ['referrals:open', 'cases:review', 'messages:write'], kids: [kid] },
    }),
  )
  const by = await callerOf(world, url, usual)
  t.match(await by('GET', `/v1/cases/${caseId}/export`), refused)
})

t.test('a note that is held back is missed by the judgement that names it', async (t) => {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`delete from note where referral_id = ${first.referralId}`
  })
  const into = join(party.copies.folder, 'without')
  t.equal((await run('copies', 'case', 'export', caseId, '--into', into)).code, 1)
  const { gaps } = await whole(into)
  const details = gaps.flatMap((gap: { part: string; referralId: string; detail: string }) => {
    return gap.part === 'note' && gap.referralId === first.referralId ? [gap.detail] : []
  })
  t.match(details, [/read or written here before/, /a judgement names note 1/])
})

t.test('who writes a message that is no object keeps no copy from being made', async (t) => {
  const referred = await refer(built)
  const { referralId, acknowledgement } = referred
  const odd = messageOn(world, referred, undefined, { content: null as never })
  const call = await callerOf(world, url, firmClient)
  t.equal((await call('POST', `/v1/referrals/${referralId}/messages`, odd)).status, 201)
  await sendFiles(referralId)
  const into = join(party.copies.folder, 'odd')
  const { reference } = acknowledgement
  const { err } = await run('copies', 'case', 'export', reference, '--into', into)
  t.equal(err, '')
  const { referrals } = await whole(into)
  t.match(referrals, [{ messages: [{ opened: true, content: null }, { opened: true }] }])
  t.strictSame(await readdir(join(into, reference)), ['document-1.pdf'])
})

t.test('a document that was named and never came is said to be not uploaded yet', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  const { reference } = acknowledgement
  const file = sealedFile(referralId, new TextEncoder().encode('%PDF-1.7\n'))
  const { documentId } = file
  const about = { documentId, type: 'other', fileType: 'application/pdf', name: 'x' } as const
  const documents = [attachmentOf(about, file.key, file)]
  await referrer.send(referralId, { text: 'One file.', documents })
  const into = join(party.copies.folder, 'never')
  const { code, out } = await run('copies', 'case', 'export', reference, '--into', into)
  t.equal(code, 1)
  const line = `Not here: document 1 of referral ${reference}: not uploaded yet (not-found)`
  t.match(out, line)
  const page = (await readFile(join(into, 'case.txt'), 'utf8')).replace(/\n +\| /g, ' ')
  t.match(page, line)
  t.match(page, /^ {2}document-1 is not uploaded yet {2}Other, PDF/m)
})

t.test('what was left by a process that was killed stands in the way of no copy', async (t) => {
  const into = join(party.copies.folder, 'killed')
  const args = ['case', 'export', other!, '--into', into]
  await mkdir(into, { mode: 0o700 })
  await chmod(into, 0o777)
  const leftOf = async (name: string) => {
    const left = join(into, `${name}.${newId()}.new`)
    await writeFile(left, 'CANARY-LEFT')
    await utimes(left, new Date(0), new Date(0))
  }
  await leftOf('unfinished')
  t.match(await run('copies', ...args), { code: 1, err: /lets others change it/ })
  await chmod(into, 0o700)
  await leftOf('case.txt')
  t.match(await run('copies', ...args), { code: 2, err: /something else/ })
  await writeFile(join(into, 'unfinished'), `${caseId}\n`)
  await leftOf('case.json')
  await run('copies', ...args)
  t.strictSame((await readdir(into)).filter((name) => /case|unfinished/.test(name)).sort(), [
    'case.json',
    'case.txt',
  ])
})

t.test('a token that ends while files are fetched leaves a copy to be gone on with', async (t) => {
  const problem = { title: 'No valid access token', status: 401, code: 'unauthenticated' }
  const ended = { status: 401, body: JSON.stringify({ type: 'about:blank', ...problem }) }
  const { url: through } = await between(t, url, (answer, { path }) =>
    path.includes('/documents/') ? ended : answer,
  )
  const into = join(party.copies.folder, 'ended')
  const args = ['case', 'export', reference!, '--into', into]
  const environment = { ...party.copies.environment, INTAKE_URL: through }
  t.match(await called(t, args, environment), { code: 1, out: '' })
  t.ok((await readdir(into)).includes('unfinished'))
  t.match((await run('copies', ...args)).out, /2 referrals and one document in/)
})

t.test('what a call wrote before it failed is not fetched again', async (t) => {
  const into = join(party.copies.folder, 'failed')
  const args = ['case', 'export', reference!, '--into', into]
  await mkdir(join(into, 'case.txt'), { recursive: true, mode: 0o700 })
  await writeFile(join(into, 'unfinished'), `${caseId}\n`)
  const before = await fetched()
  t.equal((await called(t, args, party.copies.environment)).code, 1)
  t.equal((await fetched()) - before, 2)
  await rmdir(join(into, 'case.txt'))
  t.match((await run('copies', ...args)).out, /2 referrals and one document in/)
  t.equal((await fetched()) - before, 3, 'that which was refused is')
})

t.test('a file of another document is not taken for one, whatever its size and name', async (t) => {
  const into = join(party.copies.folder, 'others')
  const [place, spoilt] = [join(into, reference!), 'CANARY-OTHER']
  const letter = await readFile(join(folder, reference!, 'document-1.pdf'))
  const other = Buffer.concat([letter.subarray(0, -spoilt.length), Buffer.from(spoilt)])
  await mkdir(place, { recursive: true, mode: 0o700 })
  await chmod(into, 0o700)
  await writeFile(join(place, 'document-1.pdf'), other)
  const said = `${reference}/document-1.pdf ${activeId}`
  await writeFile(join(into, 'unfinished'), `${caseId}\n${said}\n`)
  await run('copies', 'case', 'export', caseId, '--into', into)
  const { referrals } = await whole(into)
  t.match(referrals[0].files[0], { documentId: letterId, code: 'document-refused' })
  t.notOk('file' in referrals[0].files[0])
})

t.test('a copy names no referral of another person, and no case of one', async (t) => {
  const [mine, another, third] = [await refer(built), await refer(built), await refer(built)]
  const name = mine.acknowledgement.reference
  const caseOf = async (reference: string) => (await reader.case(reference)).caseId
  const others = [another.referralId, third.referralId, another.acknowledgement.reference]
  // Held apart by a person, and joined by mistake.
  await sql`
    insert into judgement (id, left_id, right_id, verdict, basis, bits, made_at, entry_id)
    select ${newId()}, least(${mine.referralId}, ${another.referralId})::uuid,
           greatest(${mine.referralId}, ${another.referralId})::uuid, 'possible', 'keys', '[]', now(), id
    from audit_entry limit 1`
  others.push(await caseOf(another.acknowledgement.reference))
  await reader.decide(await caseOf(name), others.at(-1)!, 'different')
  await reader.merge(name, third.acknowledgement.reference)
  const { otherId } = await reader.split(name, [third.referralId], 'different')
  others.push(otherId!)
  const into = join(party.copies.folder, 'mine')
  await run('copies', 'case', 'export', name, '--into', into)
  const [copy, page] = [await whole(into), await readFile(join(into, 'case.txt'), 'utf8')]
  const actions = copy.entries.map(({ action }: { action: string }) => action)
  for (const action of ['case.judged', 'case.merged', 'case.split']) t.ok(actions.includes(action))
  for (const id of others) {
    t.notMatch(JSON.stringify(copy), id)
    t.notMatch(page, id)
  }
  t.strictSame(copy.case.judgements, [])
  t.match(page, /names referrals of others is left out/)
})
