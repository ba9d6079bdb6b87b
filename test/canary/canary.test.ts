/**
 * Goal: whoever takes everything the server has, and everything it ever said, cannot read a word of
 * what was sealed, nor of what somebody typed in the wrong place.
 * Method: a referral with a word of its own in every field goes the whole way, through success,
 * mistakes, failures and a killed process, with PostgreSQL told to log all it can. Then each word is
 * searched for, in every spelling, in every place. A control that was planted on purpose must be
 * found in each place and each spelling by that same search, or the search proves nothing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import {
  attachmentOf,
  createPublicReferrer,
  createReader,
  createReferrer,
  type Envelope,
  newReceipt,
} from '../../src/client/index.ts'
import { startEmbedded, stopEmbedded } from '../../src/database/embedded.ts'
import { writeSecret } from '../../src/disk.ts'
import { generateRecipientKey } from '../../src/protocol/keys.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { readReceipt, receiptKeys } from '../../src/protocol/messages/receipt.ts'
import { argon2id } from '../helpers/build.ts'
import { sealedFile, tusAt } from '../helpers/documents.ts'
import { listening, type Service } from '../helpers/process.ts'
import { onHost, publishKeyset } from '../helpers/publish.ts'
import { createSearch, spellingsOf } from '../helpers/search.ts'
import { holdTable, untilPaired } from '../helpers/superuser.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import {
  type Mistake,
  mistypedWork,
  type Published,
  spoiltEnvelopes,
  strangeRequests,
  typedEverywhere,
} from './mistakes.ts'
import {
  type Found,
  recordAnswers,
  searchAll,
  searchFiles,
  searchTables,
  sendRaw,
  storeUncompressed,
} from './places.ts'
import { newWord, newWordIn, plantReferral } from './plant.ts'

/** All that PostgreSQL can be made to say about a statement. */
const talkative = {
  log_statement: 'all',
  log_min_messages: 'debug1',
  log_min_error_statement: 'debug1',
  log_error_verbosity: 'verbose',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '-1',
  log_min_duration_statement: '0',
  log_connections: 'on',
  log_lock_waits: 'on',
  log_temp_files: '0',
  wal_compression: 'off',
  wal_keep_size: '1GB',
  fsync: 'off',
}

const { draft, planted } = plantReferral()
/** What is written about it, from either side. */
const written = {
  ...{ question: newWord(), answer: newWord(), reason: newWord() },
  ...{ byBearer: newWord(), toBearer: newWord(), note: newWord() },
}
const replyKey = generateRecipientKey()
const typed = { word: newWord(), small: newWordIn('abcdefghijklmnopqrstuvwxyz') }
const typedInScript = newWordIn('αβγδεζηθικλμνξοπρστυφχψω')
/** What a document says, and how its sender called it. */
const filed = { content: newWord(), name: newWord() }
const sought = [
  ...planted.map(({ word }) => word),
  ...[...Object.values(written), ...Object.values(filed)],
  ...[typed.word, typed.small, typedInScript],
]
/** The second holds the letters that base64 and base64url spell differently. */
const controls = [
  `control ${newWord()}`,
  `σημάδι ??>>~~ ${newWordIn('абвгдежзиклмнопрстуфхцчшщъыь')}`,
]
const controlSpellings = controls.flatMap((word) =>
  [...spellingsOf(word).values()].map((bytes) => Buffer.from(bytes).toString()),
)

const folder = await mkdtemp(join(tmpdir(), 'intake-canary-'))
const postgresFolder = join(folder, 'postgres')
const database = await startEmbedded(postgresFolder, talkative)
t.teardown(async () => {
  await stopEmbedded(postgresFolder)
  await rm(folder, { recursive: true, force: true })
})
const superuser = postgres(database.superuserUrl, { max: 2, onnotice: () => {} })
t.teardown(() => superuser.end())
await storeUncompressed(superuser)
await superuser`create table control (spelled text)`
await plantControls()

const origin = 'intake.test'
const tokenKeyFile = join(folder, 'token-key.pem')
const world = await holdCeremony({
  ...{ ownerUrl: database.ownerUrl, origin, tokenKeyFile, matching: { argon2id } },
})
const host = { world, databases: { ownerUrl: database.ownerUrl } }
const matchingKeyFile = join(folder, 'matching-key.json')
await writeSecret(matchingKeyFile, sealMatchingKey(world.matchingKeys[0]!, undefined))
const serviceFolder = join(folder, 'service')
await mkdir(serviceFolder)
const { answers, calls } = recordAnswers(t)
const services: Service[] = []

const tokens = {
  lawFirm: await world.token(world.referring.lawFirm.clientId),
  casework: await world.token(world.clients.casework),
  clinic: await world.token(world.clients.clinic),
  auditor: await world.token(world.clients.auditor),
}

async function startService() {
  const variables = {
    DATABASE_URL: database.url,
    TOKEN_KEY_FILE: tokenKeyFile,
    ORIGIN: origin,
    LOG_LEVEL: 'debug',
    PORT: '0',
    DATA_DIR: join(folder, 'data'),
    MATCHING_KEY_FILES: matchingKeyFile,
    MATCHING_ELEMENTS_PER_CLIENT: '100000',
    MATCHING_ELEMENTS_PER_DAY: '100000',
  }
  const command = ['env', `--chdir=${serviceFolder}`, process.execPath, resolve('src/server.ts')]
  const service = await listening(t, variables, command)
  // What it prints may be cut anywhere, and must not lose a letter where it is.
  service.child.stdout?.setEncoding('utf8')
  services.push(service)
  const { url } = service
  const common = { url, trust: world.trust }
  const reader = (name: 'casework' | 'clinic') =>
    createReader({ ...common, token: () => tokens[name], recipient: world.recipients[name] })
  return {
    ...{ service, url },
    lawFirm: createReferrer({
      ...common,
      token: () => tokens.lawFirm,
      signer: world.referring.lawFirm.signing,
      reply: replyKey,
    }),
    casework: reader('casework'),
    clinic: reader('clinic'),
  }
}

/** Each spelling in a row of its own, and often: in a file a page may end in the middle of one. */
async function plantControls() {
  for (const spelled of controlSpellings) {
    await superuser`insert into control select ${spelled}::text from generate_series(1, 3)`
  }
}

/** What the receipt of a person gives, once there is one. */
let bearing = ''

function authorizationOf(by: Mistake['by']) {
  if (by === 'nobody') return {}
  return { authorization: by === 'bearer' ? bearing : `Bearer ${tokens[by]}` }
}

function send(url: string, { by, method, path, headers, body }: Omit<Mistake, 'name'>) {
  return fetch(url + path, {
    method,
    headers: {
      ...authorizationOf(by),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

function put(url: string, envelope: Envelope) {
  const path = `/v1/referrals/${envelope.header.referralId}`
  return send(url, { by: 'lawFirm', method: 'PUT', path, body: envelope })
}

let now = await startService()

t.test('every field of the published schema is planted', async (t) => {
  const schema = JSON.parse(readFileSync('openapi/referral.schema.json', 'utf8'))
  const named = new Set(propertiesOf(schema))
  const answered = new Set(keysOf(draft))
  t.same(
    [...named].filter((name) => !answered.has(name)),
    [],
  )
  t.ok(planted.length > 60, `${planted.length} words are planted`)
  t.equal(new Set(sought).size, sought.length, 'each its own')
})

t.test('a referral goes the whole way', async (t) => {
  const { url, lawFirm, casework, clinic } = now
  const envelope = await lawFirm.seal(draft)
  const { referralId } = envelope.header
  const first = await lawFirm.submit(envelope)
  t.same(await lawFirm.submit(envelope), first, 'and is repeated')
  const [kept] = await superuser`select count(*)::int as values from match_value`
  t.ok(kept?.values > 10, 'its match keys are kept, blinded')

  const [claim] = await casework.claim({ max: 1, leaseSeconds: 60 })
  const opened = await casework.open(claim!.referrals[0]!)
  t.same(opened.opened && opened.compartments, draft.referral, 'casework reads every word')
  const clinical = await clinic.open(await clinic.fetch(referralId))
  t.same(
    clinical.opened && Object.keys(clinical.compartments).sort(),
    ['clinical', 'consent', 'documents', 'interpreting', 'narrative'],
    'the clinic reads its part',
  )
  await casework.renew(claim!, 90)

  if (!opened.opened) throw new Error(opened.step)
  await casework.reply(opened, { text: written.question })
  await lawFirm.send(referralId, { text: written.answer })
  t.match((await lawFirm.messages(referralId)).messages[0], { content: { text: written.question } })
  t.match((await casework.messages(opened)).messages[1], { content: { text: written.answer } })

  for (const mistake of mistypedWork({ envelope, draft, ...typed }, claim!)) {
    const { status } = await send(url, mistake)
    t.ok(status >= 400 && status < 500, `${mistake.name}: ${status}`)
  }
  const wrongKid = `/v1/referrals/${referralId}?recipient=${casework.kid}`
  const asClinic = { authorization: `Bearer ${tokens.clinic}` }
  t.equal((await fetch(url + wrongKid, { headers: asClinic })).status, 403, "another's key")

  await superuser`update triage_item set leased_until = now() - interval '1 second'`
  const [again] = await clinic.claim({ max: 1, leaseSeconds: 60 })
  const outcome = { outcome: 'accepted', referrals: [referralId] } as const
  const late = casework.complete(claim!, outcome)
  t.match(await late.catch(({ problem }) => problem), { code: 'lease-lost' })
  await clinic.complete(again!, outcome)

  const declined = await lawFirm.seal(draft)
  await lawFirm.submit(declined)
  const [second] = await casework.claim({ max: 1, leaseSeconds: 60 })
  const referrals = [declined.header.referralId]
  await casework.complete(second!, { outcome: 'unopenable', step: 'compartment', referrals })
})

t.test('a referral is taken back, with a reason', async (t) => {
  const { lawFirm, casework } = now
  const envelope = await lawFirm.seal(draft)
  const { referralId } = await lawFirm.submit(envelope)
  t.match(await lawFirm.withdraw(referralId, written.reason), { state: 'withdrawn' })
  t.same(await casework.withdrawals(), { asked: [], more: false })
  const released = await casework.fetch(referralId)
  const opened = await casework.open(released)
  if (!opened.opened) throw new Error(opened.step)
  const reason = await casework.withdrawalReason(released, opened)
  t.match(reason, { content: { text: written.reason } }, 'which casework reads')
})

t.test('a document goes up, is named, and comes down', async (t) => {
  const { url, lawFirm, casework } = now
  const envelope = await lawFirm.seal(draft)
  await lawFirm.submit(envelope)
  const { referralId } = envelope.header
  const text = `${filed.content}\n`.repeat(5_000)
  const file = sealedFile(referralId, new TextEncoder().encode(text))
  const { documentId, key, sealed } = file
  const about = { documentId, type: 'other', fileType: 'text/plain', name: filed.name } as const
  const attachment = attachmentOf(about, key, file)
  await lawFirm.send(referralId, { text: typed.word, documents: [attachment] })
  await casework.upload({
    ...{ referralId, documentId, bytes: sealed.length },
    read: async (from, length) => sealed.slice(from, from + Math.min(length, 50_000)),
  })
  const parts: Uint8Array[] = []
  for await (const part of casework.document(referralId, attachment)) parts.push(part)
  t.equal(Buffer.concat(parts).toString(), text)
  const { organisationId } = world.referring.lawFirm
  const sending = await onHost(host, (administrator) =>
    administrator.addClient({
      ...{ organisationId, label: 'Documents', kind: 'partner', kids: [] },
      scopes: ['referrals:submit', 'documents:write'],
    }),
  )
  const tus = tusAt(url, `Bearer ${await world.token(sending)}`)
  const another = sealedFile(referralId, new TextEncoder().encode(filed.content))
  t.equal((await tus.begin(another, another.sealed.length)).status, 201)
  t.equal((await tus.piece(another.documentId, 0, another.sealed)).status, 204)
  t.equal((await tus.fetch(another.documentId)).status, 200)
  const byName = await fetch(`${url}/v1/documents`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens.casework}`,
      'upload-length': String(sealed.length),
      'upload-metadata': `filename ${btoa(filed.name)}`,
    },
  })
  t.equal(byName.status, 400)
})

t.test('a person with a receipt asks, is asked, and gives up', async (t) => {
  const { url, casework } = now
  const person = createPublicReferrer({ url, trust: world.trust })
  const receipt = await newReceipt()
  const keys = receiptKeys(readReceipt(receipt), origin)
  bearing = `Receipt ${Buffer.from(keys.accessTag).toString('base64url')}`
  const envelope = await person.seal({ ...draft, channel: 'detained_person_web' }, receipt)
  await person.submit(envelope)
  const { referralId } = envelope.header
  const file = sealedFile(referralId, new TextEncoder().encode(filed.content))
  const { documentId } = file
  const about = { documentId, type: 'other', fileType: 'text/plain', name: filed.name } as const
  const documents = [attachmentOf(about, file.key, file)]
  await person.send(receipt, referralId, { text: written.byBearer, documents })
  const tus = tusAt(url, bearing, '/v1/receipt/documents')
  await tus.begin(file, file.sealed.length)
  t.equal((await tus.piece(documentId, 0, file.sealed)).status, 204)
  t.equal((await tus.fetch(documentId)).status, 200)
  const byCasework = tusAt(url, `Bearer ${tokens.casework}`)
  t.equal((await byCasework.open(referralId, documentId, casework.kid)).status, 200)

  const opened = await casework.open(await casework.fetch(referralId))
  if (!opened.opened) throw new Error(opened.step)
  t.match((await casework.messages(opened)).messages, [{ content: { text: written.byBearer } }])
  const aloud = { way: 'read_aloud', language: 'fra' } as const
  const { messageId } = await casework.reply(opened, { text: written.toBearer }, aloud)
  await casework.delivered(referralId, messageId, aloud)
  const thread = await person.messages(receipt, referralId)
  t.match(thread.messages[1], { content: { text: written.toBearer } })
  t.same(await person.openings(receipt, referralId), [], 'nothing of today')
  await person.askToWithdraw(receipt, referralId)
  await casework.decideWithdrawal(referralId, 'decline')
  t.match(await person.state(receipt), [{ referralId, state: 'received' }])
})

t.test('what was amended is answered, kept, copied and erased', async (t) => {
  const { url, lawFirm, casework } = now
  const first = await lawFirm.seal(draft)
  const { referralId, reference } = await lawFirm.submit(first)
  const amended = await lawFirm.seal(draft, { supersedes: referralId })
  await lawFirm.submit(amended)
  const about = await casework.open(await casework.fetch(referralId))
  if (!about.opened) throw new Error(about.step)
  // A step that holds the item at this moment has a claim pass over it.
  await untilPaired(superuser)
  const take = async () =>
    (await casework.claim({ max: 1, leaseSeconds: 60, referral: referralId }))[0]!
  const held = await take()
  const parking = { reason: 'returned_for_information', tellReferrersOf: [referralId] } as const
  await casework.park(held, parking, { about, text: written.note })
  t.match(await lawFirm.state(referralId), { state: 'returned_for_information' })
  const again = await take()
  await casework.complete(again, { outcome: 'accepted', referrals: [referralId] })
  t.ok((await lawFirm.states()).referrals.length > 2)
  await lawFirm.openings(referralId)
  const closing = `/v1/referrals/${referralId}/closing?recipient=${casework.kid}`
  t.equal((await send(url, { by: 'casework', method: 'POST', path: closing })).status, 204)

  await casework.placeHold(referralId, 'complaint')
  t.equal((await casework.holds()).length, 1)
  const [found] = (await casework.search({ reference })).cases
  const copy = await casework.exportCase(found!.caseId)
  t.ok(JSON.stringify(copy).includes(written.note), 'all of it is in the copy')
  await casework.liftHold(referralId)
  t.equal((await casework.erase(referralId)).referralId, referralId)
})

t.test('plaintext that is sent by mistake is refused', async (t) => {
  const { url, lawFirm } = now
  const good = { envelope: await lawFirm.seal(draft), draft, ...typed }
  const mistakes = [
    ...spoiltEnvelopes(good),
    ...spoiltEnvelopes({ ...good, word: typedInScript }),
    ...strangeRequests(good),
  ]
  for (const mistake of mistakes) {
    const { status } = await send(url, mistake)
    t.ok(status >= 400 && status < 500, `${mistake.name}: ${status}`)
  }
  const { word } = typed
  const authorization = `authorization: Bearer ${tokens.lawFirm}`
  const path = `/v1/referrals/${good.envelope.header.referralId}`
  const raw = [
    `${word}\r\n\r\n`,
    `GET /${word} HTTP/1.1\r\nhost: a\r\n${word} ${word}\r\n\r\n`,
    `GET /${word} HTTP/1.1\r\nhost: a\r\nname: ${word.repeat(1000)}\r\n\r\n`,
    `PUT ${path} HTTP/1.1\r\nhost: a\r\n${authorization}\r\ncontent-type: application/json\r\n` +
      `content-length: 9999\r\n\r\n{"familyName": "${word}"`,
  ]
  for (const text of raw) answers.push(await sendRaw(url, text))
})

t.test('an insert that fails leaves the service, and nothing else', async (t) => {
  const { url, lawFirm } = now
  // Its error says what it can: the whole row, and as the constraint's name the control.
  await superuser.unsafe(`
    create function fail() returns trigger language plpgsql security definer as $$ begin
      raise exception 'no room for %', new using
        constraint = (select string_agg(spelled, ' ') from control), detail = new::text, hint = new::text;
    end $$`)
  await superuser.unsafe(
    'create trigger fail before insert on wrap for each row execute function fail()',
  )
  const envelope = await lawFirm.seal(draft)
  t.equal((await put(url, envelope)).status, 500)
  await superuser.unsafe('drop trigger fail on wrap')
  t.equal((await put(url, envelope)).status, 201, 'the same bytes are stored when there is room')
})

t.test('a service that is killed in mid-flight loses nothing and tells nothing', async (t) => {
  const envelopes = await Promise.all(Array.from({ length: 20 }, () => now.lawFirm.seal(draft)))
  const { url, service } = now
  // Some are acknowledged, and the rest are on their way: none of those is before it dies.
  await Promise.all(envelopes.slice(0, 4).map((envelope) => put(url, envelope)))
  const held = await holdTable(superuser, 'referral')
  const sent = envelopes.slice(4).map((envelope) => put(url, envelope))
  const settled = Promise.allSettled(sent)
  await held.blocked()
  service.child.kill('SIGKILL')
  await service.ended
  await held.letGo()
  const ended = await settled
  const cut = ended.filter(({ status }) => status === 'rejected').length
  t.ok(cut > 0, `${cut} of ${sent.length} were cut off`)

  now = await startService()
  // One after the other, as an outbox does: of many at once a busy service puts the last off.
  const statuses: number[] = []
  for (const one of envelopes) statuses.push((await put(now.url, one)).status)
  t.same(
    statuses.filter((status) => status !== 200 && status !== 201),
    [],
  )
})

t.test('compartments are granted, and all is passed on to another key', async (t) => {
  const { url, lawFirm, casework } = now
  const envelope = await lawFirm.seal(draft)
  const { referralId } = await lawFirm.submit(envelope)
  const volunteer = await addVolunteer(host, ['clinical', 'interpreting'])
  const common = { url, trust: world.trust }
  const clinician = createReader({
    ...{ ...common, recipient: volunteer.keys },
    token: () => world.token(volunteer.clientId),
  })
  await casework.grant(referralId, { to: 'Volunteer', compartments: ['clinical', 'interpreting'] })
  const lent = await clinician.open(await clinician.fetch(referralId))
  const { clinical, interpreting } = draft.referral
  t.same(lent.opened && lent.compartments, { clinical, interpreting }, 'read by who was let in')
  t.equal((await casework.grants(referralId)).length, 1)
  await casework.revokeGrant(referralId, 'Volunteer')

  const { recipients } = world.keyset
  const kids = recipients.filter(({ kid }) => kid !== world.recipients.clinic.receiving.kid)
  await publishKeyset(host, { ...world.keyset, recipients: kids })
  const { left, failed } = await now.clinic.rotate({ to: 'Volunteer', revoke: true })
  t.same({ left, failed }, { left: 0, failed: [] })
  const after = await clinician.open(await clinician.fetch(referralId))
  t.same(after.opened && after.compartments, { clinical, interpreting }, 'and by who follows')
})

t.test('the auditor reads on to the first entry', async (t) => {
  // An answer shows the person of an opening: there the control is planted, by the superuser.
  await superuser`
    update audit_opening set person = ${controlSpellings.join(' ')}
    where client_id = ${world.clients.casework}`
  const entries: { action: string; outcome: string }[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const path = `/v1/audit/entries?limit=50${cursor && `&cursor=${cursor}`}`
    const answer = await send(now.url, { by: 'auditor', method: 'GET', path })
    const page = (await answer.json()) as { entries: typeof entries; next?: string }
    entries.push(...page.entries)
    cursor = page.next
  }
  for (const outcome of ['permitted', 'refused', 'failed']) {
    t.ok(
      entries.some((entry) => entry.outcome === outcome),
      outcome,
    )
  }
})

/** They take ids, codes and numbers, and notes in the form that is planted elsewhere. */
const takingCodesAlone = [
  ...['issueToken', 'explainProblem', 'checkMatchKeys', 'listUnchecked', 'listReviews', 'readCase'],
  ...['listPossibleMatches', 'decidePossibleMatch', 'mergeCases', 'splitCase', 'clearFlags'],
  ...['listItems', 'listClaims', 'releaseClaim', 'handOverClaim', 'completeClaims', 'parkItem'],
  ...['wakeItem', 'setItemsAside', 'listAttempts', 'reopenItem', 'setUrgency', 'listChanges'],
  ...['createEndpoint', 'removeEndpoint', 'activateEndpoint', 'rotateEndpointSecret'],
  ...['replayToEndpoint', 'exportAuditEntries', 'proveAuditEntry', 'readReferralAccess'],
  ...['listExposure', 'getLogCheckpoint', 'getLogEntries', 'getLogTile'],
]
const published = JSON.parse(readFileSync('openapi/openapi.json', 'utf8')) as Published

t.test('a name in every place of every operation is refused, and breaks nothing', async (t) => {
  const mistakes = typedEverywhere(published, typed.word)
  t.ok(mistakes.length > 300, `${mistakes.length} places`)
  for (const mistake of mistakes) {
    const { status } = await send(now.url, mistake)
    t.ok(status < 500, `${mistake.name}: ${status}`)
    if (mistake.body) t.ok(status >= 400, `${mistake.name}: ${status}`)
  }
})

t.test('every operation went well once, but for those that are named here', async (t) => {
  const answered = Object.entries(published.paths).flatMap(([template, operations]) =>
    Object.entries(operations).flatMap(([method, { operationId }]) => {
      const form = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
      const isOf = (call: (typeof calls)[number]) =>
        call.method === method.toUpperCase() && form.test(call.path)
      return calls.some(isOf) ? [] : [operationId]
    }),
  )
  t.same(answered, takingCodesAlone)
})

t.test('the server cannot read: no word is found, and every control is', async (t) => {
  now.service.child.kill('SIGTERM')
  t.equal(await now.service.ended, 0)
  await plantControls()
  await superuser`checkpoint`
  const search = createSearch([...sought, ...controls])
  const log = await readFile(join(postgresFolder, 'postgres.log'))
  const places: Readonly<Record<string, Found>> = {
    'the tables': await searchTables(superuser, search),
    "PostgreSQL's log": searchAll([log], search),
    "the service's log": searchAll(
      services.map((service) => Buffer.from(service.output())),
      search,
    ),
    'the answers': searchAll(answers, search),
    'the files of the tables': await searchFiles(join(postgresFolder, 'pgdata', 'base'), search),
    'the write-ahead log': await searchFiles(join(postgresFolder, 'pgdata', 'pg_wal'), search),
  }
  for (const [place, { hits, parts, bytes }] of Object.entries(places)) {
    const seen = new Set(hits.map(({ word, spelling }) => `${word} ${spelling}`))
    const missed = controls.flatMap((word) =>
      [...spellingsOf(word).keys()].filter((spelling) => !seen.has(`${word} ${spelling}`)),
    )
    t.same(missed, [], `${place}: every spelling of the controls is found`)
    t.same(wordsFound(hits), [], `${place}: no word is found`)
    t.comment(`${place}: ${parts} parts, ${bytes} bytes`)
  }
  const everything = await searchFiles(folder, search)
  t.same(wordsFound(everything.hits), [], 'nor in any other file')
  t.same(readdirSync(serviceFolder), [], 'and the service writes no file')
})

/** Where each word that was found had been planted, and how it was spelt. */
function wordsFound(hits: Found['hits']): string[] {
  const secret = hits.filter(({ word }) => !controls.includes(word))
  const lines = secret.map(({ word, spelling }) => {
    const pointer = planted.find((one) => one.word === word)?.pointer ?? `typed ${word}`
    return `${pointer}, ${spelling}`
  })
  return [...new Set(lines)].slice(0, 20)
}

function propertiesOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties } = schema as { properties?: object }
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap(propertiesOf)]
}

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return [...Object.keys(value), ...Object.values(value).flatMap(keysOf)]
}
