/**
 * Goal: a recipient lets one more reader open some compartments for a while; the service lets in nobody whom no recipient
 * signed for, and what it lets through all the same the reader's own client refuses.
 * Method: one service with volunteers in its directory; the SDK, and requests as it would never send them.
 */
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { wrapKeys } from '../../src/protocol/envelope/wrap.ts'
import type { KeyFile } from '../../src/protocol/keyfile.ts'
import type { KeyPair } from '../../src/protocol/keys.ts'
import { type Grant, signGrant } from '../../src/protocol/messages/grant.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import type { Grantee } from '../../src/protocol/trust/directory.ts'
import type { Keyset } from '../../src/protocol/trust/keyset.ts'
import type { CompartmentName } from '../../src/referral/compartment.ts'
import { verifyVault } from '../../src/vault/verification.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { addVolunteer, publishGrantees } from '../helpers/volunteer.ts'

const built = await build(t)
const { world, url } = built
const { casework, clinic } = world.recipients
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const [ofCasework, ofClinic, ofRecovery] = world.keyset.recipients
const recipients = { casework: ofCasework!, clinic: ofClinic!, recovery: ofRecovery! }
const dayMs = 86_400_000
const clinician = await addVolunteer(built, ['interpreting', 'clinical'], { label: 'Clinician' })
const call = {
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
  clinician: await callerOf(world, url, clinician.clientId),
}

let laterKeyset: Promise<Keyset> | undefined
const readerOf = (recipient: Required<KeyFile>, clientId: string) =>
  createReader({ url, trust: world.trust, recipient, token: () => world.token(clientId) })
const readers = {
  casework: readerOf(casework, world.clients.casework),
  clinic: readerOf(clinic, world.clients.clinic),
  clinician: readerOf(clinician.keys, clinician.clientId),
}
const notFound = { problem: { code: 'not-found' } } as object as Error
const twoOf = { to: 'Clinician', compartments: ['interpreting', 'clinical'] as const }

type Crafted = {
  readonly to?: Pick<Grantee, 'kid' | 'publicKey'>
  readonly compartments?: readonly CompartmentName[]
  readonly by?: KeyPair
  readonly at?: Date
  readonly until?: Date
}

/** A grant and a wrap in the right form; of the keys in it the service can tell nothing. */
function crafted({ header }: Envelope, changes: Crafted = {}) {
  const { to = clinician.grantee, compartments = ['clinical'], by = casework.signing } = changes
  const { at = new Date(), until } = changes
  const bound = headerHash(canonicalBytes(header))
  const keys = new Map(compartments.map((name) => [name, randomBytes(32)]))
  const wrap = wrapKeys(keys, to, bound, randomBytes)
  const granted = { referralId: header.referralId, headerHash: bound, wrap }
  return { grant: signGrant(granted, { compartments, until }, by, at), wrap }
}

const pathOf = (name: string) => `/v1/referrals/${name}/grants`
const wrapsOf = (referralId: string) =>
  sql`select kid from wrap where referral_id = ${referralId} order by kid`
async function entriesOf(referralId: string, action: string) {
  const rows = await sql`
    select e.leaf, o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.object_id = ${referralId} and e.action = ${action} and e.outcome = 'permitted' order by e.at`
  return rows.map(({ leaf, details }) => ({
    ...JSON.parse(Buffer.from(leaf).toString('utf8')),
    details,
  }))
}

t.test('a volunteer opens the compartments that it was granted, and no others', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  await t.rejects(readers.clinician.fetch(referralId), notFound)
  const before = Date.now()
  const given = await readers.casework.grant(acknowledgement.reference, twoOf)
  t.match(given, { referralId, to: { kid: clinician.grantee.kid, label: 'Clinician' } })
  const days = (Date.parse(given.until!) - before) / dayMs
  t.ok(days >= 14 && days < 14.01, 'for 14 days where nobody says otherwise')

  const released = await readers.clinician.fetch(referralId)
  t.strictSame(Object.keys(released.compartments).sort(), ['clinical', 'interpreting'])
  const opened = await readers.clinician.open(released)
  if (!opened.opened) throw new Error(opened.step)
  t.strictSame(Object.keys(opened.compartments).sort(), ['clinical', 'interpreting'])
  t.strictSame(opened.withheld, [])

  const auditor = await callerOf(world, url, world.clients.auditor)
  const { body: access } = await auditor('GET', `/v1/audit/referrals/${referralId}/access`)
  const known = access.recipients.find(({ kid }: Grantee) => kid === clinician.grantee.kid)
  t.match(known, { holds: true, clients: [{ client: clinician.clientId }] }, 'auditors see who')

  const [entry] = await entriesOf(referralId, 'grant.given')
  t.equal(entry.recipient, casework.receiving.kid)
  const details = { to: clinician.grantee.kid, compartments: 'interpreting clinical' }
  t.match(entry.details, { ...details, until: given.until })
  t.equal((await entriesOf(referralId, 'referral.opened')).at(-1).recipient, clinician.grantee.kid)
})

t.test('a grant is listed, and taken back: the volunteer opens it no more', async (t) => {
  const { referralId } = await refer(built)
  await readers.casework.grant(referralId, { ...twoOf, until: null })
  const [listed, ...more] = await readers.casework.grants(referralId)
  t.strictSame(more, [])
  t.match(listed, { kid: clinician.grantee.kid, label: 'Clinician', by: 'Casework' })
  t.notOk('until' in listed!)
  t.equal((await readers.clinic.grants(referralId)).length, 1, 'for whoever else opens it')
  await readers.clinic.revokeGrant(referralId, 'Clinician')
  t.strictSame(await readers.casework.grants(referralId), [])
  await t.rejects(readers.clinician.fetch(referralId), notFound)
  t.equal((await wrapsOf(referralId)).length, 3, 'the wraps of sealing stay')
  const [entry] = await entriesOf(referralId, 'grant.revoked')
  t.equal(entry.recipient, clinic.receiving.kid)
  t.strictSame(entry.details, { from: clinician.grantee.kid })
  await t.rejects(readers.casework.revokeGrant(referralId, 'Clinician'), notFound)
  await t.rejects(readers.casework.revokeGrant(referralId, 'Recovery'), notFound)
  t.equal((await wrapsOf(referralId)).length, 3, 'one of sealing is no grant')
})

t.test('the service refuses a grant that nobody may give, and keeps nothing of it', async (t) => {
  const { referralId, envelope } = await refer(built)
  const { envelope: other } = await refer(built)
  const ended = await addVolunteer(built, ['clinical'], {
    ...{ label: 'Ended', until: new Date(Date.now() - dayMs) },
  })
  const gone = await addVolunteer(built, ['clinical'], { label: 'Gone' })
  await publishGrantees(built, (grantees) => grantees.filter(({ label }) => label !== 'Gone'))
  const good = crafted(envelope)
  const changed = (changes: Partial<Grant>) => ({ ...good, grant: { ...good.grant, ...changes } })
  const soon = new Date(Date.now() + dayMs)
  const refused: Record<string, [unknown, number, string]> = {
    'of another referral': [crafted(other), 422, 'signature-invalid'],
    'whose wrap was exchanged': [
      { ...good, wrap: crafted(envelope).wrap },
      ...([422, 'signature-invalid'] as const),
    ],
    'whose end was moved': [
      changed({ until: soon.toISOString() }),
      ...([422, 'signature-invalid'] as const),
    ],
    'whose compartments were changed': [
      changed({ compartments: ['interpreting'] }),
      ...([422, 'signature-invalid'] as const),
    ],
    'to another key than that of its wrap': [
      changed({ kid: casework.receiving.kid }),
      ...([400, 'malformed-request'] as const),
    ],
    'by a key of nobody': [
      crafted(envelope, { by: clinician.keys.signing }),
      ...([422, 'unknown-signer'] as const),
    ],
    "by a recipient of another client's": [
      crafted(envelope, { by: clinic.signing }),
      ...([403, 'recipient-not-yours'] as const),
    ],
    'of more than the reader is listed for': [
      crafted(envelope, { compartments: ['clinical', 'legal'] }),
      ...([422, 'recipient-lacks-compartments'] as const),
    ],
    'to a reader that has left the directory': [
      crafted(envelope, { to: gone.grantee }),
      ...([422, 'unknown-recipient-key'] as const),
    ],
    'to a reader whose time has ended': [
      crafted(envelope, { to: ended.grantee }),
      ...([400, 'malformed-request'] as const),
    ],
    'that has ended': [
      crafted(envelope, { until: new Date(Date.now() - 1000) }),
      ...([400, 'malformed-request'] as const),
    ],
    'that was signed an hour ago': [
      crafted(envelope, { at: new Date(Date.now() - 3_600_000) }),
      ...([422, 'clock-differs'] as const),
    ],
    'to a key that has a wrap of sealing': [
      crafted(envelope, { to: recipients.recovery, compartments: ['clinical'] }),
      ...([409, 'already-granted'] as const),
    ],
    'without a signature': [
      { ...good, grant: { ...good.grant, value: undefined } },
      ...([400, 'malformed-request'] as const),
    ],
  }
  for (const [name, [body, status, code]] of Object.entries(refused)) {
    const answer = await call.casework('POST', pathOf(referralId), body)
    t.match({ status: answer.status, ...answer.body }, { status, code }, name)
  }
  t.equal((await wrapsOf(referralId)).length, 3)
  t.strictSame(await entriesOf(referralId, 'grant.given'), [])

  const byClinic = crafted(envelope, {
    by: clinic.signing,
    to: recipients.casework,
    compartments: ['legal'],
  })
  const { status, body } = await call.clinic('POST', pathOf(referralId), byClinic)
  t.match(
    { status, ...body },
    { status: 422, code: 'recipient-lacks-compartments' },
    'of what it does not hold',
  )

  t.equal((await call.casework('POST', pathOf(referralId), good)).status, 204)
  t.equal((await call.casework('POST', pathOf(referralId), good)).status, 204, 'the same again')
  const another = await call.casework('POST', pathOf(referralId), crafted(envelope))
  t.equal(another.body.code, 'already-granted')
  t.equal((await wrapsOf(referralId)).length, 4)
})

t.test('a recipient grants a referral only if it holds one', async (t) => {
  const { referralId, envelope } = await referWithoutClinic()
  const body = crafted(envelope, { by: clinic.signing })
  t.equal((await call.clinic('POST', pathOf(referralId), body)).status, 404)
  const query = `?recipient=${clinic.receiving.kid}`
  t.equal((await call.clinic('GET', `${pathOf(referralId)}${query}`)).status, 404)
  const path = `${pathOf(referralId)}/${clinician.grantee.kid}${query}`
  t.equal((await call.clinic('DELETE', path)).status, 404)
})

t.test('from its end on a grant is withheld, and its wrap is deleted by itself', async (t) => {
  const { referralId } = await refer(built)
  const until = new Date(Date.now() + dayMs)
  const { until: said } = await readers.casework.grant(referralId, { ...twoOf, until })
  t.equal(said, until.toISOString())
  const released = await readers.clinician.fetch(referralId)
  t.ok((await readers.clinician.open(released)).opened)
  // Ends by the service's clock alone.
  await sql`
    update wrap set ends_at = now() where referral_id = ${referralId} and ends_at is not null`
  await t.rejects(readers.clinician.fetch(referralId), notFound)
  t.strictSame(await readers.casework.grants(referralId), [])
  await untilEnded(referralId)
  const [entry] = await entriesOf(referralId, 'grant.ended')
  t.match(entry, { caller: 'system', recipient: clinician.grantee.kid })
})

t.test(
  'a grant ends with the reader it is for, and with what its granter was granted',
  async (t) => {
    const until = new Date(Date.now() + dayMs)
    const brief = await addVolunteer(built, ['clinical'], { label: 'Brief', until })
    const { referralId, envelope } = await referWithoutClinic()
    const forgetful = crafted(envelope, { to: brief.grantee })
    t.equal((await call.casework('POST', pathOf(referralId), forgetful)).status, 204)
    const endOf = async (kid: string) => {
      const [row] =
        await sql`select ends_at from wrap where referral_id = ${referralId} and kid = ${kid}`
      return row?.ends_at
    }
    t.strictSame(new Date(await endOf(brief.grantee.kid)), until)
    // The SDK never signs a later one.
    const { referralId: second } = await refer(built)
    const fresh = readerOf(casework, world.clients.casework)
    const given = await fresh.grant(second, { to: 'Brief', compartments: ['clinical'] })
    t.equal(given.until, until.toISOString())

    const forClinic = crafted(envelope, {
      ...{ to: recipients.clinic, until, compartments: ['clinical'] },
    })
    t.equal((await call.casework('POST', pathOf(referralId), forClinic)).status, 204)
    const further = crafted(envelope, { by: clinic.signing })
    t.equal((await call.clinic('POST', pathOf(referralId), further)).status, 204)
    t.strictSame(new Date(await endOf(clinician.grantee.kid)), until)
    // Its keyset lists it for both, and so is the reader listed.
    const both = ['clinical', 'interpreting'] as const
    const broader = crafted(envelope, { by: clinic.signing, compartments: both })
    const { body } = await call.clinic('POST', pathOf(referralId), broader)
    t.equal(body.code, 'recipient-lacks-compartments', 'no more than it was granted')
    const { wrong } = await verifyVault(built.database, () => {})
    t.equal(wrong, 0, 'the log says when each ends')
  },
)

t.test('the client refuses what the service lets through', async (t) => {
  const { referralId } = await refer(built)
  const wrong = (terms: Parameters<typeof readers.casework.grant>[1]) =>
    readers.casework.grant(referralId, terms)
  await t.rejects(wrong({ ...twoOf, to: 'Nobody' }), { code: 'unknown-recipient-key' })
  await t.rejects(wrong({ ...twoOf, compartments: ['legal'] }), {
    code: 'recipient-lacks-compartments',
  })
  const past = new Date(Date.now() - 1)
  await t.rejects(wrong({ ...twoOf, until: past }), { code: 'malformed-request' })
  await t.rejects(
    readers.clinic.grant(referralId, { to: 'Casework', compartments: ['identity'] }),
    { code: 'recipient-lacks-compartments' },
  )

  await readers.casework.grant(referralId, twoOf)
  const released = await readers.clinician.fetch(referralId)
  const { grant, ...without } = released
  const stepOf = async (changed: typeof released) => {
    const opened = await readers.clinician.open(changed)
    return opened.opened ? 'opened' : opened.step
  }
  t.equal(await stepOf(released), 'opened')
  t.equal(await stepOf(without), 'grant', 'without the grant')
  const past14 = { ...grant!, until: new Date(Date.now() - 1000).toISOString() }
  t.equal(await stepOf({ ...released, grant: past14 }), 'grant', 'with another end')
  const { until: _, ...endless } = grant!
  t.equal(await stepOf({ ...released, grant: endless }), 'grant', 'without its end')
  const more = await readers.casework.fetch(referralId)
  const { compartments } = more
  t.equal(await stepOf({ ...released, compartments }), 'grant', 'with more than was granted')
})

t.test('each of several grants is judged by itself', async (t) => {
  const [first, second] = [await refer(built), await refer(built)]
  const refused = crafted(second.envelope, { compartments: ['legal'] })
  const grants = [
    { referralId: first.referralId, ...crafted(first.envelope) },
    { referralId: second.referralId, ...refused },
  ]
  const { status, body } = await call.casework('POST', '/v1/referrals/grants', { grants })
  t.equal(status, 200)
  t.match(body.grants, [
    { referralId: first.referralId, problem: undefined },
    { referralId: second.referralId, problem: { code: 'recipient-lacks-compartments' } },
  ])
  t.equal((await entriesOf(first.referralId, 'grant.given')).length, 1)
  const [row] = await sql`
    select count(*)::int as count from audit_entry
    where object_id = ${second.referralId} and action = 'grant.given' and outcome = 'refused'`
  t.equal(row?.count, 1, 'the refusal has an entry of its own')
  const mixed = [
    grants[0],
    { referralId: second.referralId, ...crafted(second.envelope, { by: clinic.signing }) },
  ]
  t.equal((await call.casework('POST', '/v1/referrals/grants', { grants: mixed })).status, 400)
})

t.test('who may only open can neither claim nor judge nor grant', async (t) => {
  const { referralId, envelope } = await refer(built)
  await readers.casework.grant(referralId, twoOf)
  const { kid } = clinician.grantee
  t.equal((await call.clinician('GET', `/v1/referrals/${referralId}?recipient=${kid}`)).status, 200)
  const claim = { recipient: kid, max: 1, leaseSeconds: 60 }
  const denied: [string, string, unknown?][] = [
    ['POST', '/v1/triage/claims', claim],
    ['GET', '/v1/cases/reviews'],
    ['POST', pathOf(referralId), crafted(envelope)],
    ['GET', `${pathOf(referralId)}?recipient=${kid}`],
    ['DELETE', `${pathOf(referralId)}/${kid}?recipient=${kid}`],
    ['GET', `/v1/referrals/wraps?recipient=${kid}&to=${kid}`],
  ]
  for (const [method, path, body] of denied) {
    const answer = await call.clinician(method, path, body)
    t.match(answer, { status: 403, body: { code: 'insufficient-scope' } }, `${method} ${path}`)
  }
})

t.test('nobody adds a wrap in the database without a grant', async (t) => {
  const { referralId } = await refer(built)
  const adding = built.database.inTransaction({ kind: 'system', request: referralId }, (tx) => {
    return tx.sql`
      insert into wrap (referral_id, kid, encapsulated, sealed_keys)
      values (${referralId}, 'x', '\\x00', '\\x00')`
  })
  await t.rejects(adding, { code: '42501' })
})

/** One that the clinic could have been given, and was not. */
async function referWithoutClinic() {
  laterKeyset ??= publishKeyset(built, {
    ...world.keyset,
    recipients: world.keyset.recipients.map((recipient) =>
      recipient.kid === clinic.receiving.kid ? { ...recipient, required: false } : recipient,
    ),
  })
  const keyset = await laterKeyset
  const { sha256 } = keysetReference(keyset)
  const others = keyset.recipients.filter(({ kid }) => kid !== clinic.receiving.kid)
  return refer(built, undefined, { keyset: { keyset: { ...keyset, recipients: others }, sha256 } })
}

/** Waits for the step of the loop, which nobody wakes for it. */
async function untilEnded(referralId: string) {
  for (let tries = 0; tries < 600; tries += 1) {
    const rows = await sql`
      select from wrap where referral_id = ${referralId} and kid = ${clinician.grantee.kid}`
    if (rows.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the wrap of the grant that ended is still there')
}
