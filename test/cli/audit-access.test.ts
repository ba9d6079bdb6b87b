/**
 * Goal: an auditor is told by names who could have opened a referral and who did, and what a lost key or
 * a stolen credential could open and did; what the log does not know is said to be for a person to add.
 */
import t from 'tap'
import { grantable } from '../../src/caller.ts'
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

const label = '=Old laptop\u001b[2J'
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

t.test('a referral, a key or a client that nobody knows is told in words', async (t) => {
  const unknown = await ask('access', newId())
  t.match(unknown, { code: 1, out: '', err: /no referral of that id or reference/ })
  const mistyped = referenceOf(both).replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
  t.match(await ask('access', mistyped), { code: 2, err: /mistyped digit/ })
  t.match(await ask('access'), { code: 2 })
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
    await sql`update client set label = ${label} where id = ${disabled}`
    await sql`
    update audit_opening set details = '{}', details_salt = sha256('x')
    where entry_id in (select id from audit_entry where action = 'referral.opened')`
    const spoilt = unbroken(await ask('access', both.referralId))
    t.notMatch(spoilt.out, '\u001b')
    t.match(spoilt, { code: 1, out: /NOT INTACT/ })
    t.match(spoilt.out, '=Old laptop\\u{1b}[2J')
  },
)
