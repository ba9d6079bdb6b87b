/**
 * Goal: an auditor is told by names who could have opened a referral and who did, and what a lost key or
 * a stolen credential could open and did; what the log does not know is said to be for a person to add.
 */
import t from 'tap'
import { append } from '../../src/audit/service.ts'
import { type Caller, grantable } from '../../src/caller.ts'
import { londonTime } from '../../src/client/london.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { called, tooWide, unbroken } from './run.ts'

const built = await build(t)
const { world, url } = built
const { casework, clinic, auditor } = world.clients
const sql = asSuperuser(t, built.databases)
const kids = {
  casework: world.recipients.casework.receiving.kid,
  clinic: world.recipients.clinic.receiving.kid,
  recovery: world.recipients.recovery.receiving.kid,
}
const environment = { INTAKE_URL: url, INTAKE_TOKEN: await world.token(auditor) }
const ask = async (...args: string[]) => called(t, ['audit', ...args], environment)
const told = async (...args: string[]) => unbroken(await ask(...args)).out
const openAs = async (clientId: string, kid: string, referralId: string) => {
  const call = await callerOf(world, url, clientId)
  return (await call('GET', `/v1/referrals/${referralId}?recipient=${kid}`)).status
}

const label = `=Old laptop\u001b[2J ${'long '.repeat(12)}\n(d) nothing`
const disabled = await onHost(built, (host) =>
  host.addClient({
    organisationId: world.referring.telephone.organisationId,
    label: 'Old laptop',
    kind: 'internal',
    scopes: grantable.internal,
    kids: [kids.clinic],
  }),
)
await onHost(built, (host) =>
  host.addClient({
    organisationId: world.referring.telephone.organisationId,
    label: 'Reviewer',
    kind: 'internal',
    scopes: ['cases:review'],
    kids: [kids.clinic],
  }),
)
const both = await refer(built)
const opened = [
  await openAs(casework, kids.casework, both.referralId),
  await openAs(disabled, kids.clinic, both.referralId),
  await openAs(clinic, kids.casework, both.referralId),
]
await onHost(built, (host) => host.disableClient(disabled))
const later = await refer(built)
const withoutClinic = world.keyset.recipients.filter(({ kid }) => kid !== kids.clinic)
const keyset = await publishKeyset(built, { ...world.keyset, recipients: withoutClinic })
const alone = await refer(built, world.referring.ngo, { keyset: keysetReference(keyset) })
await untilPaired(sql)
const [{ addedAt, disabledAt }] = (await sql`
  select e.at as "addedAt", c.disabled_at as "disabledAt"
  from client c join audit_entry e on e.object_id = c.id::text and e.action = 'client.added'
  where c.id = ${disabled}`) as unknown as [{ addedAt: Date; disabledAt: Date }]
const referenceOf = ({ acknowledgement }: typeof both) => String(acknowledgement.reference)

/** The lines about one key. */
const partOf = (out: string, kid: string) => {
  const part = out.split('\n\n').find((text) => text.includes(`key ${kid}`))
  if (part === undefined) throw new Error(`nothing about ${kid}`)
  return part
}

t.test('who could have opened a referral, and who did, are told by key and name', async (t) => {
  t.same(opened, [200, 200, 403])
  for (const name of [referenceOf(both), both.referralId]) {
    const out = await told('access', name)
    const came = londonTime(both.acknowledgement.receivedAt)
    t.ok(out.startsWith(`Referral ${referenceOf(both)}, received ${came}, was sealed to 3 keys.`))
    const ofCasework = partOf(out, kids.casework)
    t.match(ofCasework, 'The key "Casework"\n')
    t.match(ofCasework, `opens all of it, from ${came} until now`)
    t.match(ofCasework, /Handed to Casework app \(The charity\) at \d{4}-/)
    t.notMatch(ofCasework, 'Clinic app')
    const ofClinic = partOf(out, kids.clinic)
    t.match(ofClinic, /opens interpreting, consent, clinical, narrative, documents, from /)
    const bound = `bound since ${londonTime(addedAt)}, could ask for it`
    t.match(ofClinic, `${bound} until ${londonTime(disabledAt)}, then shut out`)
    t.match(ofClinic, /Clinic app \(The charity\), bound since .*, could ask for it until now/)
    t.match(ofClinic, /Reviewer \(.*\) is bound to it, and may not ask for referrals/)
    t.match(ofClinic, /Handed to Old laptop /)
    t.notMatch(ofClinic, 'Handed to Clinic app')
    const ofRecovery = partOf(out, kids.recovery)
    t.match(ofRecovery, 'No client is bound to it')
    t.match(ofRecovery, 'handed it to nobody for this key')
  }
  t.same(tooWide((await ask('access', both.referralId)).out), [])
})

t.test(
  'each referral has its own recipients, and a client shut out before it is said',
  async (t) => {
    const out = await told('access', referenceOf(later))
    t.match(partOf(out, kids.clinic), `could never ask for it: shut out since`)
    const json = JSON.parse((await ask('access', '--json', referenceOf(alone))).out)
    const held = json.recipients.map(({ kid }: { kid: string }) => kid)
    t.same(held, [kids.casework, kids.recovery].sort())
    const whole = JSON.parse((await ask('access', '--json', both.referralId)).out)
    const openings = whole.recipients.flatMap((it: { openings: object[] }) => it.openings)
    t.equal(openings.length, 2)
  },
)

/** What a report says under one letter, its lines whole again. */
const chapter = (out: string, letter: string) => {
  const [, text = ''] = out.replace(/\n {6}/g, ' ').split(`\n(${letter}) `)
  return text.split('\n\n')[0] ?? ''
}
const days = ['--from', 'yesterday', '--to', 'today']
const incident = async (...args: string[]) => (await ask('incident', ...args)).out

t.test('of a lost key all that it opens is told, and what was handed out meanwhile', async (t) => {
  const out = await incident('--kid', kids.clinic, ...days)
  t.same(tooWide(out), [])
  const nature = chapter(out, 'a')
  t.match(nature, `The recipient key "Clinic" (${kids.clinic}) is taken to be in the hands`)
  t.match(nature, 'at most 2 who were referred')
  t.match(nature, 'opens these parts: interpreting, consent, clinical, narrative, documents.')
  t.match(nature, /opens all 2 referrals that came before the end of \d{4}-/)
  t.match(nature, 'handed out for it in that time: 1 referral, 1 time in all.')
  t.match(chapter(out, 'b'), /^Contact point\n {2}\[[^\]]+\]$/)
  t.match(chapter(out, 'c'), 'ending the key takes back nothing that was copied')
  const measures = chapter(out, 'd')
  t.match(measures, `shut out since ${londonTime(disabledAt)}.`)
  t.match(measures, 'Clinic app (The charity): not shut out.')
  t.match(measures, 'does not stand in the newest keyset, version 2')
  const [handed, opens] = out.split('\n\n').slice(-2)
  t.match(handed, new RegExp(`referral\n  ${referenceOf(both)}, .*, to Old laptop`))
  t.notMatch(handed, referenceOf(later))
  t.match(opens, `${referenceOf(later)}, received ${londonTime(later.acknowledgement.receivedAt)}`)
  t.notMatch(out, referenceOf(alone))
  const paper = await incident('--kid', kids.recovery, ...days)
  t.match(chapter(paper, 'a'), 'handed out for it in that time: nothing.')
  t.match(chapter(paper, 'd'), 'No client is bound to the key.')
  t.match(chapter(paper, 'd'), 'stands in the newest keyset, version 2: new referrals')
})

t.test(
  'a key opens what came before the loss, whose time bounds what was handed out',
  async (t) => {
    const json = async (...args: string[]) =>
      JSON.parse((await ask('incident', '--json', ...args)).out)
    const idsOf = (list: { referralId: string }[]) =>
      list.map(({ referralId }) => referralId).sort()
    const next = { from: '2098-01-01', to: '2099-01-01' }
    const after = await json('--kid', kids.casework, '--from', next.from, '--to', next.to)
    t.match(after, { ...next, lost: 'key', keysetVersion: 2 })
    t.same(idsOf(after.couldOpen), idsOf([both, later, alone]))
    t.same(after.handedOut, [])
    const during = await json('--kid', kids.casework, ...days)
    t.match(during.handedOut, [{ referralId: both.referralId, times: 1, to: [/^Casework app/] }])
    const before = await json('--kid', kids.casework, '--from', '2020-01-01', '--to', '2020-01-02')
    t.same([before.couldOpen, before.handedOut], [[], []])
  },
)

t.test(
  'of a stolen credential is told what it could ask for until shut out, and did',
  async (t) => {
    const out = await incident('--client', disabled, ...days)
    t.same(tooWide(out), [])
    const nature = chapter(out, 'a')
    t.match(nature, /The credential of Old laptop \(.*\) is taken to be in the hands/)
    t.match(nature, `bound to the key "Clinic" (${kids.clinic})`)
    t.match(nature, `since ${londonTime(addedAt)}`)
    t.match(nature, 'Categories and number of records: 1 sealed referral.')
    t.match(nature, 'It was handed in that time: 1 referral, 1 time in all.')
    t.match(nature, '- referral.opened, permitted: 1')
    t.match(chapter(out, 'c'), 'stays sealed to its key')
    t.match(chapter(out, 'd'), `shut out since ${londonTime(disabledAt)}.`)
    t.notMatch(out, referenceOf(later))
    const tried = await incident('--client', clinic, ...days)
    t.match(chapter(tried, 'a'), '- referral.opened, refused: 1')
    t.match(chapter(tried, 'a'), 'It was handed in that time: nothing.')
    const partner = await incident('--client', world.referring.lawFirm.clientId, ...days)
    t.match(chapter(partner, 'a'), 'It could be handed no sealed referral')
    t.match(chapter(partner, 'a'), '- referral.submitted, permitted: 2')
    t.match(chapter(partner, 'c'), 'Nothing that is sealed can be read with this credential.')
  },
)

t.test('acts that were summed are each counted', async (t) => {
  const [names] = await sql`
    select c.organisation_id as organisation, c.label as client, o.label as "organisationLabel"
    from client c join organisation o on o.id = c.organisation_id where c.id = ${clinic}`
  const caller: Caller = {
    ...{ kind: 'internal' as const, request: newId(), clientId: clinic, scopes: new Set() },
    ...{ organisationId: String(names?.organisation), kids: new Set<string>() },
    labels: { client: String(names?.client), organisation: String(names?.organisationLabel) },
  }
  const act = {
    action: 'triage.claimed',
    outcome: 'refused',
    reason: 'insufficient-scope',
  } as const
  const summed = { ...act, details: { count: 4000, minute: '2026-11-29T09:00:00.000Z' } }
  await built.database.inTransaction(caller, (tx) => append(tx, summed))
  t.match(await incident('--client', clinic, ...days), '- triage.claimed, refused: 4000')
})

t.test('a referral, a key or a client that nobody knows is told in words', async (t) => {
  const unknown = await ask('access', newId())
  t.match(unknown, { code: 1, out: '', err: /no referral of that id or reference/ })
  const mistyped = referenceOf(both).replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
  t.match(await ask('access', mistyped), { code: 2, err: /mistyped digit/ })
  t.match(await ask('access'), { code: 2 })
  t.match(await ask('access', 'somebody'), { code: 2, err: /its id, or by its reference/ })
  const nobody = ['--kid', 'A'.repeat(22)]
  t.match(await ask('incident', ...nobody, ...days), { code: 1, err: /no client bound to it/ })
  t.match(await ask('incident', '--client', newId(), ...days), {
    ...{ code: 1, out: '', err: /no client of that id/ },
  })
  for (const args of [
    [...days],
    ['--kid', kids.clinic, '--client', clinic, ...days],
    ['--kid', 'Clinic', ...days],
    ['--client', 'Clinic app', ...days],
    ['--kid', kids.clinic, '--from', 'today'],
    ['--kid', kids.clinic, '--from', 'today', '--to', 'yesterday'],
  ]) {
    t.match(await ask('incident', ...args), { code: 2, out: '' }, args.join(' '))
  }
})

t.test('who may not read the log is told so', async (t) => {
  const token = await world.token(casework)
  const call = ['audit', 'access', both.referralId]
  t.match(await called(t, call, { INTAKE_URL: url, INTAKE_TOKEN: token }), { code: 1, out: '' })
})

t.test(
  'names that were removed from the log are said to be, and a spoilt one is shown',
  async (t) => {
    await sql`
    update audit_opening o set client_id = null, organisation_id = null, client_label = null,
      organisation_label = null, actor_salt = null, details = null, details_salt = null
    from audit_entry e where e.id = o.entry_id and e.object_id = ${both.referralId}`
    const out = await told('access', referenceOf(both))
    t.match(partOf(out, kids.casework), /Handed to internal, whose name was removed at \d{4}-/)
    t.match(partOf(out, kids.clinic), /Handed to internal, whose name was removed at \d{4}-/)
    const stolen = await incident('--client', disabled, ...days)
    t.match(chapter(stolen, 'a'), 'It was handed in that time: nothing.')
    t.match(
      chapter(stolen, 'a'),
      'For its keys 1 opening more is by a client whose name was removed',
    )
    await sql`update client set label = ${label} where id = ${disabled}`
    await sql`
    update audit_opening set details = '{}', details_salt = sha256('x')
    where entry_id in (select id from audit_entry where action = 'referral.opened')`
    const spoilt = unbroken(await ask('access', both.referralId))
    t.notMatch(spoilt.out, '\u001b')
    t.match(spoilt, { code: 1, out: /NOT INTACT/ })
    t.match(spoilt.out, '=Old laptop\\u{1b}[2J')
    const report = await ask('incident', '--kid', kids.clinic, ...days)
    t.match(report, { code: 1, out: /\nNOT INTACT/ })
    t.notMatch(report.out, '\u001b')
    t.notMatch(report.out, /^ {0,5}\(d\) nothing/m)
  },
)
