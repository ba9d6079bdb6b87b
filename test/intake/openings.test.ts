// Goal: whoever sent a referral sees who opened it, from the next day in London on, each opening proved by the
// access log, and nothing of anybody else's.
// Method: one service. The clock is moved for the function of the database that shows openings, and openings of
// other days are appended as they would have been then.
import { join } from 'node:path'
import t from 'tap'
import { append } from '../../src/audit/service.ts'
import { type Caller, grantable } from '../../src/caller.ts'
import { createOutbox } from '../../src/cli/partner/outbox.ts'
import { createPublicReferrer, createReferrer, newReceipt } from '../../src/client/index.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { base64urlBytes } from '../../src/protocol/bytes.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { releasedEntry } from '../../src/vault/service.ts'
import { called, partyOf, tooWide } from '../cli/run.ts'
import { between } from '../client/between.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { receiptKeysOfNobody } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilSequenced } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const metrics = createMetrics()
const built = await build(t, { metrics })
const { world, url, database } = built
const { lawFirm, ngo, telephone } = world.referring
const { trust } = world
const kids = {
  casework: world.recipients.casework.receiving.kid,
  clinic: world.recipients.clinic.receiving.kid,
}
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const otherCasework = await onHost(built, (host) =>
  host.addClient({
    organisationId: telephone.organisationId,
    label: 'Another casework app',
    kind: 'internal',
    scopes: [...grantable.internal],
    kids: [kids.casework],
  }),
)
const call = {
  lawFirm: await callerOf(world, url, lawFirm.clientId),
  ngo: await callerOf(world, url, ngo.clientId),
  casework: await callerOf(world, url, world.clients.casework),
  otherCasework: await callerOf(world, url, otherCasework),
  clinic: await callerOf(world, url, world.clients.clinic),
}

const referrerAt = (at: string) =>
  createReferrer({
    ...{ url: at, trust, signer: lawFirm.signing },
    token: () => world.token(lawFirm.clientId),
  })
const referrer = referrerAt(url)
const publicReferrer = createPublicReferrer({ url, trust })

await sql`create schema clock`
await sql`grant usage on schema clock to public`
await clockAt(new Date())
await sql`alter function own_openings(uuid) set search_path = clock, pg_catalog, pg_temp`

/** What the function that shows openings takes for the time. */
async function clockAt(now: Date | string): Promise<void> {
  const at = new Date(now).toISOString()
  await sql.unsafe(`
    create or replace function clock.now() returns timestamptz language sql stable
    as $$ select timestamptz '${at}' $$`)
}

/** In whichever hour of the day: the day after an act, and at most that. */
const later = () => new Date(Date.now() + 26 * 3_600_000)
const tomorrow = () => clockAt(later())

async function open(id: string, by: 'casework' | 'otherCasework' | 'clinic') {
  const kid = by === 'clinic' ? kids.clinic : kids.casework
  const { status } = await call[by]('GET', `/v1/referrals/${id}?recipient=${kid}`)
  if (status !== 200) throw new Error(`not opened: ${status}`)
}

/** Opened then, as the log would have kept it. */
async function openedAt(at: string, referralId: string, recipient: string): Promise<void> {
  const system: Caller = { kind: 'system', request: newId() }
  await database.inTransaction(system, (tx) =>
    append({ ...tx, now: new Date(at) }, releasedEntry({ referralId, reference: '' }, recipient)),
  )
}

/** The entries of a referral's openings, the earliest first, with the days of London that they are of. */
async function entriesOf(referralId: string) {
  await untilSequenced(sql)
  return sql<{ id: string; day: string }[]>`
    select id, to_char(at at time zone 'Europe/London', 'YYYY-MM-DD') as day from audit_entry
    where object_id = ${referralId} and action = 'referral.opened' and outcome = 'permitted'
    order by at, id`
}

type Opening = Record<'label' | 'recipient' | 'day' | 'leaf' | 'proof', string>
type Answered = { openings: Opening[] }
const said = async (referralId: string): Promise<Answered> =>
  (await call.lawFirm('GET', `/v1/referrals/${referralId}/openings`)).body
const idIn = (leaf: string) => JSON.parse(Buffer.from(leaf, 'base64url').toString()).id

const faultIn = (act: Promise<unknown>) =>
  act.then(
    () => 'no fault',
    (error: unknown) => error,
  )

t.test('a referrer sees the first opening under each label, from the next day on', async (t) => {
  const { referralId } = await refer(built)
  await open(referralId, 'casework')
  await open(referralId, 'otherCasework')
  await open(referralId, 'clinic')
  await open(referralId, 'casework')
  const [first, , third] = await entriesOf(referralId)
  await clockAt(new Date())
  t.same(await referrer.openings(referralId), [], 'not on the same day')

  await tomorrow()
  const openings = await referrer.openings(referralId)
  t.match(openings, [
    { label: 'Casework', recipient: kids.casework, day: first!.day, state: { log: 1 } },
    {
      label: 'Clinic',
      recipient: kids.clinic,
      day: third!.day,
      state: { witnessing: 'unwitnessed' },
    },
  ])
  t.equal(openings.length, 2, 'two clients and two openings of one label are one')
  t.same(
    openings.map(({ leaf }) => idIn(leaf)),
    [first!.id, third!.id],
  )
  const { openings: answered } = await said(referralId)
  const members = ['day', 'label', 'leaf', 'proof', 'recipient']
  t.same(
    answered.map((opening) => Object.keys(opening).sort()),
    [members, members],
    'no salts',
  )
  const [entry] = await sql`
    select o.details, convert_from(e.leaf, 'UTF8')::jsonb as said
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'openings.read' order by e.at desc limit 1`
  t.match(entry, {
    details: { openings: 2 },
    said: { object: { kind: 'referral', id: referralId }, caller: 'partner' },
  })
})

t.test('a day ends at midnight in London, in summer and where the clock changes', async (t) => {
  const rows: [name: string, at: string, until: string, day: string][] = [
    ['winter', '2026-01-15T00:00:00.000Z', '2026-01-16T00:00:00Z', '2026-01-15'],
    ['winter, at its end', '2026-01-15T23:59:59.999Z', '2026-01-16T00:00:00Z', '2026-01-15'],
    ['summer, an hour ahead', '2026-06-10T22:59:59.999Z', '2026-06-10T23:00:00Z', '2026-06-10'],
    ['summer, the next day already', '2026-06-10T23:00:00Z', '2026-06-11T23:00:00Z', '2026-06-11'],
    ['a day of 23 hours', '2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z', '2026-03-29'],
    ['a day of 25 hours', '2026-10-24T23:00:00Z', '2026-10-26T00:00:00Z', '2026-10-25'],
  ]
  for (const [name, at, until, day] of rows) {
    const { referralId } = await refer(built)
    await openedAt(at, referralId, kids.casework)
    await untilSequenced(sql)
    await clockAt(new Date(Date.parse(until) - 1))
    t.same(await referrer.openings(referralId), [], `${name}: not a millisecond sooner`)
    await clockAt(until)
    t.match(await referrer.openings(referralId), [{ day }], name)
  }
})

t.test('what was opened again today does not stand before what was opened first', async (t) => {
  const { referralId } = await refer(built)
  await openedAt('2026-06-12T10:00:00Z', referralId, kids.clinic)
  await openedAt('2026-06-10T10:00:00Z', referralId, kids.casework)
  await openedAt('2026-06-11T10:00:00Z', referralId, kids.casework)
  await untilSequenced(sql)
  await clockAt('2026-06-12T12:00:00Z')
  t.match(await said(referralId), { openings: [{ day: '2026-06-10' }] })
  t.equal((await said(referralId)).openings.length, 1, 'the clinic opened it today')
  await tomorrow()
  t.match(await said(referralId), {
    openings: [{ day: '2026-06-10' }, { day: '2026-06-12', label: 'Clinic' }],
  })
})

t.test('two keys of one label are one recipient', async (t) => {
  const recipients = world.keyset.recipients.map((recipient) => {
    return recipient.kid === kids.clinic ? { ...recipient, label: 'Casework' } : recipient
  })
  const keyset = keysetReference(await publishKeyset(built, { ...world.keyset, recipients }))
  const { referralId } = await refer(built, lawFirm, { keyset })
  await open(referralId, 'clinic')
  await open(referralId, 'casework')
  const [first] = await entriesOf(referralId)
  await tomorrow()
  const [opening, ...rest] = await referrerAt(url).openings(referralId)
  t.match(opening, { label: 'Casework', recipient: kids.clinic })
  t.equal(idIn(opening!.leaf), first!.id)
  t.same(rest, [])
})

t.test('a refused opening is none, and one without a place is not passed over', async (t) => {
  const { referralId } = await refer(built)
  await call.casework('GET', `/v1/referrals/${referralId}?recipient=${kids.clinic}`)
  await tomorrow()
  t.match(await said(referralId), { openings: [] })

  await open(referralId, 'casework')
  await open(referralId, 'otherCasework')
  const [first] = await entriesOf(referralId)
  const [row] = await sql`delete from audit_index where entry_id = ${first!.id} returning *`
  t.match(await said(referralId), { code: 'not-sequenced' })
  await sql`insert into audit_index ${sql(row!)}`
  t.match(await said(referralId), { openings: [{ label: 'Casework' }] })
})

t.test('whoever holds the receipt sees the same, and is recorded', async (t) => {
  const receipt = await newReceipt()
  const envelope = await publicReferrer.seal(
    {
      channel: 'detained_person_web',
      region: 'unknown',
      referral: { identity: { familyName: 'Okonkwo' } },
    },
    receipt,
  )
  const { referralId } = await publicReferrer.submit(envelope)
  await open(referralId, 'casework')
  const { day } = (await entriesOf(referralId))[0]!
  await clockAt(new Date())
  t.same(await publicReferrer.openings(receipt, referralId), [])
  await tomorrow()
  const shown = await publicReferrer.openings(receipt, referralId)
  t.match(shown, [{ label: 'Casework', day, recipient: kids.casework }])
  t.equal(shown.length, 1)

  const refused = async (by: string, id: string) =>
    t.match(await faultIn(publicReferrer.openings(by, id)), {
      problem: { code: 'not-found', status: 404 },
    })
  const { referralId: ofFirm } = await refer(built)
  await refused(receipt, ofFirm)
  await refused(receipt, newId())
  const unknown = async () => {
    const counter = metrics.registry.getSingleMetric('intake_unknown_receipts_total')
    return (await counter!.get()).values[0]?.value
  }
  const before = (await unknown())!
  await refused(await newReceipt(), referralId)
  t.equal(await unknown(), before + 1, 'a receipt of nobody is counted at this door too')

  const logger = createLogger('silent')
  const replica = await createApp({ database, origin: world.origin, sealKey, logger })
  const at = await replica.listen({ host: '127.0.0.1', port: 0 })
  await createPublicReferrer({ url: at, trust }).openings(receipt, referralId)
  await replica.close()
  const [entry] = await sql`
    select convert_from(leaf, 'UTF8')::jsonb as said from audit_entry
    where action = 'openings.read' and object_id = ${referralId}`
  t.match(entry, { said: { caller: 'bearer', outcome: 'permitted' } })
})

t.test('nobody sees the openings of a referral that is not theirs', async (t) => {
  const { referralId } = await refer(built)
  await open(referralId, 'casework')
  await untilSequenced(sql)
  await tomorrow()
  const ask = async (by: keyof typeof call, id: string) => {
    const { status, body } = await call[by]('GET', `/v1/referrals/${id}/openings`)
    const { instance: _, ...problem } = body
    return { status, problem }
  }
  for (const by of ['ngo', 'casework', 'clinic'] as const) {
    const answer = await ask(by, referralId)
    t.match(answer, { status: 404, problem: { code: 'not-found' } }, by)
    t.same(answer, await ask(by, newId()), `${by}: as of a referral that nobody sent`)
  }
  const answer = await fetch(`${url}/v1/receipt/referrals/${referralId}/openings`)
  t.equal(answer.status, 401)
  t.match(await answer.json(), { code: 'receipt-required' })

  // The database says so too, to whoever forgets to ask.
  const known = (kind: 'partner' | 'internal', organisationId: string): Caller => ({
    ...{ kind, organisationId, request: newId() },
    ...{ clientId: lawFirm.clientId, scopes: new Set(), kids: new Set() },
    labels: { client: '', organisation: '' },
  })
  const receipt = base64urlBytes(receiptKeysOfNobody().receipt)!
  const seen = async (caller: Caller) =>
    (await database.inTransaction(caller, (tx) => tx.sql`select from own_openings(${referralId})`))
      .length
  t.equal(await seen(known('partner', lawFirm.organisationId)), 1)
  t.equal(await seen(known('internal', lawFirm.organisationId)), 1)
  t.equal(await seen(known('partner', ngo.organisationId)), 0)
  t.equal(await seen(known('internal', telephone.organisationId)), 0)
  t.equal(await seen({ kind: 'anonymous', request: newId() }), 0)
  t.equal(await seen({ kind: 'bearer', request: newId(), receipt }), 0)
  for (const caller of [
    { ...known('partner', lawFirm.organisationId), kind: 'auditor' } as Caller,
    { kind: 'sequencer', request: newId() } as Caller,
  ]) {
    await t.rejects(seen(caller), { code: '42501' }, caller.kind)
  }
  const rows = await sql.begin(async (tx) => {
    const [owner] = await tx`
      select proowner::regrole::text as name from pg_proc where proname = 'own_openings'`
    await tx.unsafe(`set local role ${owner?.name}`)
    return tx`select from audit_entry`
  })
  t.equal(rows.length, 0, 'and the owner, who serves nobody, sees no entry')
})

t.test('a client refuses what the proof does not say', async (t) => {
  const [own, other] = [await refer(built), await refer(built)]
  for (const { referralId } of [own, other]) {
    await open(referralId, 'casework')
    await open(referralId, 'clinic')
  }
  await untilSequenced(sql)
  await tomorrow()
  const [casework, clinic] = (await said(own.referralId)).openings as [Opening, Opening]
  const [foreign] = (await said(other.referralId)).openings
  const asAuditor = await callerOf(world, url, world.clients.auditor)
  const provenEntry = async (id: string) =>
    (await asAuditor('GET', `/v1/audit/entries/${id}/proof`)).body
  const submitted = await provenEntry(own.acknowledgement.entryId)
  const opened = releasedEntry({ referralId: own.referralId, reference: '' }, kids.casework)
  const like = { stated: newId(), refused: newId() }
  await database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
    await append(tx, { ...opened, action: 'urgency.stated' }, like.stated)
    await append(tx, { ...opened, outcome: 'refused', reason: 'not-found' }, like.refused)
  })
  await untilSequenced(sql)
  const [stated, refused] = [await provenEntry(like.stated), await provenEntry(like.refused)]
  const spoilt = (text: string, index: number) =>
    text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
  const lines = casework.proof.split('\n')
  const signature = casework.proof.length - 10

  const lies: [string, Answered['openings'], object][] = [
    [
      'a hash of the proof',
      [{ ...casework, proof: casework.proof.replace(lines[2]!, spoilt(lines[2]!, 3)) }],
      { name: 'LogFault', code: 'inclusion-wrong' },
    ],
    [
      'the signature of the checkpoint',
      [{ ...casework, proof: spoilt(casework.proof, signature) }],
      { name: 'LogFault' },
    ],
    [
      'the leaf',
      [{ ...casework, leaf: spoilt(casework.leaf, 40) }],
      { name: 'LogFault', code: 'inclusion-wrong' },
    ],
    ['an opening of another referral', [foreign!], { code: 'inclusion-wrong' }],
    ['an entry that is no opening', [{ ...casework, ...submitted }], { code: 'inclusion-wrong' }],
    ['another act for its key', [{ ...casework, ...stated }], { code: 'inclusion-wrong' }],
    ['an opening that was refused', [{ ...casework, ...refused }], { code: 'inclusion-wrong' }],
    [
      'the opening of another recipient',
      [{ ...casework, leaf: clinic.leaf, proof: clinic.proof }],
      { code: 'inclusion-wrong' },
    ],
    ['another day', [{ ...casework, day: '2026-01-01' }], { name: 'BadAnswer' }],
    ['another label', [{ ...casework, label: 'Clinic' }], { name: 'BadAnswer' }],
    ['one label twice', [casework, casework], { name: 'BadAnswer' }],
    ['a key of no keyset', [{ ...casework, recipient: 'A'.repeat(22) }], { name: 'BadAnswer' }],
  ]
  let openings: Answered['openings'] | undefined
  const liar = await between(t, url, (answer, { path }) => {
    if (!openings || !path.endsWith('/openings')) return answer
    return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), openings }) }
  })
  const asked = referrerAt(liar.url)
  for (const [name, lie, fault] of lies) {
    openings = lie
    t.match(await faultIn(asked.openings(own.referralId)), fault, name)
  }
  openings = undefined
  t.equal((await asked.openings(own.referralId)).length, 2)
})

t.test('the proof is under the newest checkpoint that witnesses signed', async (t) => {
  const { referralId } = await refer(built)
  await open(referralId, 'casework')
  await untilSequenced(sql)
  const [head] = await sql`select size::float8, checkpoint from audit_log where n = 1`
  const line = '\u2014 witness.example.org AAAAAAA=\n'
  await sql`
    insert into audit_cosignature
    values (1, ${head!.size}, 'witness.example.org', ${head!.checkpoint}, ${line}, now())`
  await refer(built)
  await untilSequenced(sql)
  await tomorrow()
  const [opening] = await referrer.openings(referralId)
  t.equal(opening!.state.size, head!.size)
  t.ok(opening!.proof.endsWith(line), 'with their lines')
})

t.test('intake openings tells days and recipients, by id and by reference', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  const { environment, folder } = await partyOf(t, {
    ...{ url, world, clientId: lawFirm.clientId },
    keys: { signing: lawFirm.signing },
  })
  const run = (name: string, ...more: string[]) =>
    called(t, ['openings', name, ...more], environment)
  await clockAt(new Date())
  const none = await run(referralId)
  t.match(none, { code: 0, out: /^No recipient had opened it/ })
  t.same(tooWide(none.out), [])
  t.match(await run('somebody'), { code: 2, err: /its id, or by its reference/ })
  await open(referralId, 'clinic')
  const { day } = (await entriesOf(referralId))[0]!
  await tomorrow()
  const { code, out } = await run(referralId)
  t.equal(code, 0)
  t.same(tooWide(out), [])
  t.match(out, new RegExp(`^${day}  Clinic: entry \\d+ of log 1\\. It is unwitnessed\\.\n`))
  t.match(await run(acknowledgement.reference), { code: 2, err: /nothing was acknowledged here/ })
  await createOutbox(join(folder, 'home')).acknowledge(acknowledgement)
  const json = JSON.parse((await run(acknowledgement.reference, '--json')).out)
  t.match(json, {
    referralId,
    openings: [
      { day, label: 'Clinic', recipient: kids.clinic, checkpoint: { witnessing: String } },
    ],
  })
  t.match(await run(newId()), { code: 1, err: /not-found/ })

  const liar = await between(t, url, (answer, { path }) =>
    path.endsWith('/openings')
      ? { ...answer, body: answer.body.replace(/"leaf":"(.)(.)/, '"leaf":"$2$1') }
      : answer,
  )
  const fooled = await called(t, ['openings', referralId], { ...environment, INTAKE_URL: liar.url })
  t.match(fooled, { code: 1, out: /The proof does not hold/ })
})
