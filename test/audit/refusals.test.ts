import t from 'tap'
import { createSums } from '../../src/audit/sums.ts'
import type { Caller } from '../../src/caller.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, census } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url, database } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
const asLawFirm = await callerOf(world, url, lawFirm.clientId)
const asCasework = await callerOf(world, url, world.clients.casework)
t.afterEach(() => requireBalanced(sql))

const inAMinute = () => new Date(Date.now() + 60_000)

/** The refusals of the log, oldest first, with what opens them. */
const refusals = () => sql`
  select e.action, e.object_id, e.outcome, convert_from(e.leaf, 'UTF8')::jsonb as said,
         o.client_id, o.person, o.details
  from audit_entry e join audit_opening o on o.entry_id = e.id
  where e.outcome <> 'permitted' order by e.at, e.id`

function known(clientId: string, person?: string): Caller {
  const { organisationId } = lawFirm
  const labels = { client: 'A client', organisation: 'An organisation' }
  const none = { scopes: new Set<never>(), kids: new Set<string>(), labels }
  const named = person === undefined ? {} : { person }
  return { kind: 'partner', request: newId(), clientId, organisationId, ...none, ...named }
}

t.test('a refusal names the case that was asked for, and no more', async (t) => {
  const id = newId()
  t.equal((await asCasework('GET', `/v1/cases/${id}`)).status, 404)
  t.equal((await asCasework('GET', '/v1/cases/okonkwo')).status, 400)
  const [named, unnamed] = await refusals()
  t.match(named, { action: 'case.read', said: { object: { kind: 'case', id } } })
  t.match(unnamed, { action: 'case.read', object_id: null })
})

t.test('past sixty a minute the refusals of one client are summed, and none is lost', async (t) => {
  const log = createSums(database)
  const object = () => ({ kind: 'referral', id: newId() }) as const
  const refuse = (caller: Caller, reason: 'lease-lost' | 'not-found' = 'not-found') =>
    log.recordRefusal(caller, {
      ...{ action: 'referral.submitted', outcome: 'refused', reason, object: object() },
    })
  // All of it in one minute, and the sums of the one after are not asked for by mistake.
  while (new Date().getSeconds() >= 58) await sql`select 1`
  const before = (await refusals()).length
  const one = known(lawFirm.clientId)
  for (let count = 0; count < 40; count += 1) await refuse(one)
  for (let count = 0; count < 40; count += 1) await refuse(one, 'lease-lost')
  await refuse(known(ngo.clientId))
  await log.recordSums(new Date())
  const alone = (await refusals()).slice(before)
  t.equal(alone.length, 61, 'sixty of the one, and the other is not held to them')
  await log.recordSums(inAMinute())
  const sums = (await refusals()).slice(before + 61)
  t.equal(sums.length, 1)
  t.match(sums[0], {
    ...{ action: 'referral.submitted', outcome: 'refused', object_id: null },
    said: { reason: 'lease-lost', caller: 'partner' },
    client_id: lawFirm.clientId,
    details: { count: 20, minute: /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/ },
  })
  await log.recordSums(inAMinute())
  t.equal((await refusals()).length, before + 62, 'and told once')
})

t.test('who is not known is summed by reason and minute, and never by who it was', async (t) => {
  while (new Date().getSeconds() >= 57) await sql`select 1`
  const before = (await refusals()).length
  for (let count = 0; count < 3; count += 1) {
    await fetch(`${url}/v1/audit/entries`, { headers: { authorization: `Bearer ${newId()}` } })
  }
  await fetch(`${url}/v1/no-such-thing/${newId()}`)
  t.equal((await refusals()).length, before)
  const log = createSums(database)
  const anonymous = (): Caller => ({ kind: 'anonymous', request: newId() })
  const refused = {
    action: 'audit.searched',
    outcome: 'refused',
    reason: 'unauthenticated',
  } as const
  for (let count = 0; count < 5; count += 1) await log.recordRefusal(anonymous(), refused)
  await log.recordRefusal(anonymous(), { ...refused, reason: 'not-found' })
  await log.recordSums(inAMinute())
  const sums = (await refusals()).slice(before)
  t.match(sums, [
    {
      said: { reason: 'unauthenticated', caller: 'anonymous' },
      client_id: null,
      details: { count: 5 },
    },
    { said: { reason: 'not-found', caller: 'anonymous' }, client_id: null, details: { count: 1 } },
  ])
  t.equal(sums.length, 2)
})

t.test('a sum names none of the people of a client, each refusal its own', async (t) => {
  const log = createSums(database)
  while (new Date().getSeconds() >= 57) await sql`select 1`
  const before = (await refusals()).length
  const refused = { action: 'triage.claimed', outcome: 'refused', reason: 'not-found' } as const
  for (let count = 0; count < 65; count += 1) {
    await log.recordRefusal(known(ngo.clientId, `p-${count}`), refused)
  }
  await log.recordSums(inAMinute())
  const told = (await refusals()).slice(before)
  t.same(
    told.map(({ person }) => person),
    [...Array.from({ length: 60 }, (_, count) => `p-${count}`), null],
  )
  t.match(told.at(-1), { client_id: ngo.clientId, details: { count: 5 } })
})

t.test(
  'the repetitions of strangers are summed from the first, and at most so many apart',
  async (t) => {
    const log = createSums(database)
    while (new Date().getSeconds() >= 50) await sql`select 1`
    const entries = () => sql`
    select e.object_id, o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'receipt.read' order by e.at, e.id`
    const bearer: Caller = { kind: 'bearer', request: newId(), receipt: new Uint8Array(32) }
    await database.inTransaction(bearer, async (tx) => {
      for (let count = 0; count < 1_005; count += 1) {
        const object = { kind: 'referral', id: newId() } as const
        await log.appendRepetition(tx, { action: 'receipt.read', object })
      }
    })
    t.same(await entries(), [])
    await log.recordSums(inAMinute())
    const sums = await entries()
    t.equal(sums.length, 1_001)
    const unnamed = sums.filter(({ object_id: id }) => id === null)
    t.match(unnamed, [{ details: { count: 5 } }], 'the rest is summed, and none is lost')
    t.equal(unnamed.length, 1)
  },
)

/** Breaks the writing of entries for the length of `act`: all of them, or one kind or reason. */
async function withoutEntries<Result>(
  which: 'permitted' | 'refused' | 'any' | { readonly reason: string },
  act: () => Promise<Result>,
): Promise<Result> {
  const condition =
    typeof which === 'object'
      ? `convert_from(new.leaf, 'UTF8')::jsonb ->> 'reason' = '${which.reason}'`
      : which === 'any'
        ? 'true'
        : `new.outcome = '${which}'`
  await sql.unsafe(`
    create function no_entry() returns trigger language plpgsql as $$ begin
      if ${condition} then raise exception 'disk full of Zuleika'; end if; return new;
    end $$;
    create trigger no_entry before insert on audit_entry for each row execute function no_entry()`)
  try {
    return await act()
  } finally {
    await sql.unsafe('drop trigger no_entry on audit_entry; drop function no_entry')
  }
}

t.test('a sum that could not be written is written later', async (t) => {
  while (new Date().getSeconds() >= 57) await sql`select 1`
  const log = createSums(database)
  const refused = { action: 'audit.searched', outcome: 'refused' } as const
  for (const reason of ['unauthenticated', 'not-found', 'malformed-json'] as const) {
    await log.recordRefusal({ kind: 'anonymous', request: newId() }, { ...refused, reason })
  }
  const before = (await refusals()).length
  await withoutEntries('any', () => t.rejects(log.recordSums(inAMinute())))
  t.equal((await refusals()).length, before)
  const second = { reason: 'not-found' }
  await withoutEntries(second, () => t.rejects(log.recordSums(inAMinute())))
  const reasons = async () => (await refusals()).slice(before).map(({ said }) => said.reason)
  t.same(await reasons(), ['unauthenticated'], 'those before it stand')
  await log.recordSums(inAMinute())
  t.same(await reasons(), ['unauthenticated', 'not-found', 'malformed-json'], 'and stand once')
})

t.test('a refusal that cannot be recorded is a bare 503', async (t) => {
  const path = `/v1/referrals/${newId()}`
  const rows = [
    () => asLawFirm('PUT', path, {}),
    () => asLawFirm('PUT', path, sealed(world)),
    () => asLawFirm('GET', '/v1/audit/entries'),
    () => asCasework('GET', `${path}?recipient=${world.recipients.casework.receiving.kid}`),
  ]
  for (const send of rows) {
    const { status, body } = await withoutEntries('any', send)
    t.equal(status, 503)
    t.strictSame(body, { type: 'about:blank', title: 'Service unavailable', status: 503 })
  }
  await sql`revoke insert on audit_entry from intake_partner`
  t.equal((await asLawFirm('GET', '/v1/audit/entries')).status, 503)
  await sql`grant insert on audit_entry to intake_partner`
  t.equal((await asLawFirm('GET', '/v1/audit/entries')).status, 403)
  t.notOk(built.log().includes('Zuleika'))
})

t.test('an act whose entry cannot be written is not done', async (t) => {
  const { referralId } = await refer(built)
  const recipient = world.recipients.casework.receiving.kid
  const claim = { recipient, max: 1, leaseSeconds: 60 }
  const claims = () => asCasework('POST', '/v1/triage/claims', claim)
  const held = (await claims()).body.claims[0]
  await refer(built)
  const write = (verb: string, body: object) => () =>
    asCasework('POST', `/v1/triage/claims/${held.claimId}/${verb}`, { fence: held.fence, ...body })
  const fresh = sealed(world)
  const completion = { outcome: 'accepted', referrals: [referralId] }
  const rows: [string, () => Promise<{ status: number; body: object }>][] = [
    ['a submission', () => asLawFirm('PUT', `/v1/referrals/${fresh.header.referralId}`, fresh)],
    ['an opening', () => asCasework('GET', `/v1/referrals/${referralId}?recipient=${recipient}`)],
    ['a claim', claims],
    ['a renewal', write('renewal', { leaseSeconds: 3600 })],
    ['a release', write('release', {})],
    ['a completion', write('completion', completion)],
    ['a report', write('completion', { outcome: 'unopenable', referrals: [referralId] })],
    ['a reading of the directory', () => asCasework('GET', '/v1/directory')],
  ]
  const everything = async () => {
    const { audit_entry: _, audit_opening: __, ...rest } = await census(sql)
    const items = await sql`select * from triage_item order by id`
    const states = await sql`select id, state from referral order by id`
    return { rest, items: [...items], states: [...states] }
  }
  for (const [name, send] of rows) {
    const before = await everything()
    const failed = (await refusals()).length
    const { status, body } = await withoutEntries('permitted', send)
    t.equal(status, 500, name)
    t.strictSame(body, { type: 'about:blank', title: 'Internal error', status: 500 })
    t.same(await everything(), before, `${name} is undone`)
    const entry = (await refusals()).slice(failed)
    t.match(entry, [{ outcome: 'failed', said: { reason: 'internal-error' } }])
  }
  const again = await asLawFirm('PUT', `/v1/referrals/${fresh.header.referralId}`, fresh)
  t.equal(again.status, 201)
})

t.test(
  'past sixty a minute the repetitions of one referral are summed, also at the end',
  async (t) => {
    const [once, twice] = [await refer(built), await refer(built)]
    const again = ({ referralId, envelope }: typeof once) =>
      asLawFirm('PUT', `/v1/referrals/${referralId}`, envelope)
    const repetitions = () => sql`
    select e.object_id, convert_from(e.leaf, 'UTF8')::jsonb as said, o.client_id, o.details
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where o.details ->> 'repeated' = 'true' order by e.at, e.id`
    // All of it in one minute.
    while (new Date().getSeconds() >= 50) await sql`select 1`
    for (let count = 0; count < 64; count += 1) {
      const { status, body } = await again(once)
      t.equal(status, 200)
      t.same(body, once.acknowledgement)
    }
    await again(twice)
    const other = sealed(world, { referralId: once.referralId })
    t.equal((await asLawFirm('PUT', `/v1/referrals/${once.referralId}`, other)).status, 409)
    const of = (id: string, rows: Awaited<ReturnType<typeof repetitions>>) =>
      rows.filter((row) => row.object_id === id)
    const alone = await repetitions()
    t.equal(of(once.referralId, alone).length, 60)
    t.equal(of(twice.referralId, alone).length, 1, 'another referral is not held to them')

    await built.app.close()
    const summed = (await repetitions()).slice(alone.length)
    t.equal(summed.length, 1)
    t.match(summed[0], {
      object_id: once.referralId,
      said: {
        ...{ action: 'referral.submitted', outcome: 'permitted', caller: 'partner' },
        object: { kind: 'referral', digest: once.acknowledgement.envelopeHash },
      },
      client_id: lawFirm.clientId,
      details: { repeated: true, count: 4, minute: /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/ },
    })
  },
)
