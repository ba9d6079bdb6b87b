import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired, untilSequenced } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
const asAuditor = await callerOf(world, url, world.clients.auditor)
const asLawFirm = await callerOf(world, url, lawFirm.clientId)

type Entry = {
  id: string
  at: string
  action: string
  outcome: string
  intact: boolean
  opening: { actor?: { client: string; organisation: string }; details?: Record<string, unknown> }
}
type Page = { entries: Entry[]; next?: string }

async function page(query: Record<string, string | number | undefined>): Promise<Page> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  )
  const { status, body } = await asAuditor('GET', `/v1/audit/entries?${search}`)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

const stored = async () =>
  (await sql`select id from audit_entry order by at desc, id desc`).map(({ id }) => id as string)

for (let count = 0; count < 6; count += 1) await refer(built, count % 2 ? ngo : lawFirm)
await asLawFirm('PUT', `/v1/referrals/${newId()}`, {})
await untilPaired(sql)
t.afterEach(() => requireBalanced(sql))

t.test('pages lose and double nothing while entries are being added', async (t) => {
  const before = await stored()
  const seen: Entry[] = []
  let cursor: string | undefined
  do {
    const { entries, next } = await page({ limit: 4, cursor })
    t.ok(entries.length <= 4)
    seen.push(...entries)
    cursor = next
    await Promise.all([refer(built), refer(built, ngo)])
  } while (cursor)
  const ids = seen.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'none twice')
  t.same(ids, before, 'all that stood at the start, newest first, and none that came after')
  t.ok(seen.every(({ intact }) => intact))
})

t.test('pages lose and double nothing among entries of one instant', async (t) => {
  const caller = await callerOf(world, url, world.clients.casework)
  const recipient = world.recipients.casework.receiving.kid
  await caller('POST', '/v1/triage/claims', { recipient, max: 50, leaseSeconds: 60 })
  const [row] = await sql`
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, count(*)::int
    from audit_entry group by audit_entry.at order by count(*) desc limit 1`
  t.ok(row!.count > 20)
  const to = new Date(Date.parse(row!.at) + 1).toISOString()
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { entries, next } = await page({ from: row!.at, to, limit: 7, cursor })
    seen.push(...entries.map(({ id }) => id))
    cursor = next
  } while (cursor)
  t.equal(new Set(seen).size, row!.count)
  t.equal(seen.length, row!.count)
})

t.test('a filter shows what fits it, all of it, and nothing else', async (t) => {
  const { referralId, acknowledgement } = await refer(built, ngo)
  await untilPaired(sql)
  const [middle] = await sql`
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from audit_entry order by at, id offset 5 limit 1`
  const [firstRefused] = await sql`
    select to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from audit_entry where outcome = 'refused'`
  const rows: [string, Record<string, string>, string][] = [
    ['from', { from: middle!.at }, `at >= '${middle!.at}'`],
    ['to', { to: middle!.at }, `at < '${middle!.at}'`],
    ['actor', { actor: ngo.clientId }, `client_id = '${ngo.clientId}'`],
    [
      'organisation',
      { organisation: lawFirm.organisationId },
      `organisation_id = '${lawFirm.organisationId}'`,
    ],
    ['object', { object: referralId }, `object_id = '${referralId}'`],
    ['a reference', { object: acknowledgement.reference }, `object_id = '${referralId}'`],
    ['a reference of nobody', { object: '00000000' }, 'false'],
    ['action', { action: 'referral.submitted' }, `action = 'referral.submitted'`],
    ['outcome', { outcome: 'refused' }, `outcome = 'refused'`],
    [
      'two at once',
      { action: 'referral.submitted', actor: lawFirm.clientId },
      `action = 'referral.submitted' and client_id = '${lawFirm.clientId}'`,
    ],
    [
      'refusals of an actor',
      { outcome: 'refused', actor: lawFirm.clientId },
      `outcome = 'refused' and client_id = '${lawFirm.clientId}'`,
    ],
    [
      'refusals of an organisation, since then',
      { outcome: 'refused', organisation: lawFirm.organisationId, from: middle!.at },
      `outcome = 'refused' and organisation_id = '${lawFirm.organisationId}' and at >= '${middle!.at}'`,
    ],
    [
      'refusals of an actor, until then',
      { outcome: 'refused', actor: lawFirm.clientId, to: firstRefused!.at },
      'false',
    ],
    ['failures of an actor', { outcome: 'failed', actor: lawFirm.clientId }, 'false'],
    [
      'what an actor was permitted',
      { outcome: 'permitted', actor: lawFirm.clientId },
      `outcome = 'permitted' and client_id = '${lawFirm.clientId}'`,
    ],
    ['an actor of nobody', { actor: newId() }, 'false'],
  ]
  for (const [name, filter, condition] of rows) {
    const expected = await sql.unsafe(`
      select e.id from audit_entry e join audit_opening o on o.entry_id = e.id
      where ${condition} order by e.at desc, e.id desc limit 200`)
    const { entries } = await page({ ...filter, limit: 200 })
    t.same(
      entries.map(({ id }) => id),
      expected.map(({ id }) => id),
      name,
    )
    t.equal(entries.length > 0, condition !== 'false', name)
  }
})

t.test('pages of the refusals of one caller lose and double nothing', async (t) => {
  for (let count = 0; count < 3; count += 1) await asLawFirm('PUT', `/v1/referrals/${newId()}`, {})
  const whole = await page({ actor: lawFirm.clientId, outcome: 'refused' })
  t.ok(whole.entries.length >= 4)
  const seen: Entry[] = []
  let cursor: string | undefined
  do {
    const { entries, next } = await page({
      ...{ actor: lawFirm.clientId, outcome: 'refused' },
      ...{ limit: 1, cursor },
    })
    seen.push(...entries)
    cursor = next
  } while (cursor)
  t.same(seen, whole.entries)
})

t.test('an automatic merge is found by its case, and by either referral, once', async (t) => {
  const matching = matchingOf(stranger())
  const first = await refer(built, lawFirm, { matching })
  await untilPaired(sql)
  const second = await refer(built, ngo, { matching })
  await untilPaired(sql)
  const [judgement] = await sql`
    select j.entry_id, c.case_id from judgement j join referral_case c on c.referral_id = j.left_id
    where ${first.referralId}::uuid in (j.left_id, j.right_id)`
  const { reference } = first.acknowledgement
  for (const object of [judgement?.case_id, first.referralId, second.referralId, reference]) {
    const { entries } = await page({ object })
    t.equal(entries.filter(({ id }) => id === judgement?.entry_id).length, 1)
  }
  const refused = await page({ object: judgement?.case_id, outcome: 'refused' })
  t.same(refused.entries, [], 'as far as the other filters fit')
})

t.test('what a person did is found by whatever it named', async (t) => {
  const asCasework = await callerOf(world, url, world.clients.casework)
  const caseOf = async (referralId: string) => {
    const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
    return row?.case_id as string
  }
  const ids: string[] = []
  for (let count = 0; count < 3; count += 1) ids.push((await refer(built)).referralId)
  await untilPaired(sql)
  const [id, second, third] = await Promise.all(ids.map(caseOf))
  for (const otherId of [second, third]) {
    t.equal((await asCasework('POST', `/v1/cases/${id}/merge`, { otherId })).status, 200)
  }
  const moved = ids.slice(1)
  const split = { referrals: moved, decision: 'different' }
  const { body } = await asCasework('POST', `/v1/cases/${id}/split`, split)
  await untilPaired(sql)

  const of = async (action: string, object: string | undefined, more = {}) =>
    (await page({ action, object, ...more })).entries.length
  for (const merged of [second, third]) t.equal(await of('case.merged', merged), 1)
  t.equal(await of('case.merged', id), 2)
  for (const object of [id, body.otherId, ...moved]) t.equal(await of('case.split', object), 1)
  // What its acts name and what it is about stand in one list, newest first and in pages that lose none.
  const all = await page({ object: ids[1] })
  const seen: Entry[] = []
  let cursor: string | undefined
  do {
    const { entries, next } = await page({ object: ids[1], limit: 1, cursor })
    seen.push(...entries)
    cursor = next
  } while (cursor)
  t.same(seen, all.entries)
  t.same(
    seen.map(({ action }) => action),
    ['referral.paired', 'case.split', 'case.merged', 'referral.paired', 'referral.submitted'],
  )
  t.equal(await of('referral.submitted', ids[1], { limit: 1 }), 1, 'the newest are of other acts')
})

t.test('an entry is shown with what opens it, in the types that were committed to', async (t) => {
  await page({ limit: 2, action: 'audit.searched' })
  const { entries } = await page({ limit: 1, action: 'audit.searched' })
  t.match(entries[0]?.opening, {
    actor: { client: world.clients.auditor },
    details: { entries: Number, filters: 'action' },
  })
})

t.test('a day is one of London, all of it', async (t) => {
  await untilSequenced(sql)
  const [row] = await sql`select id, at from audit_entry order by at limit 1`
  const said = async (query: Record<string, string>) =>
    (await page({ limit: 200, ...query })).entries.map(({ id }) => id)
  // In summer London is an hour ahead: half an hour before midnight in UTC is the day after.
  await sql`update audit_entry set at = '2025-07-01T23:30:00Z' where id = ${row?.id}`
  t.same(await said({ from: '2025-07-02', to: '2025-07-02' }), [row?.id])
  t.same(await said({ from: '2025-07-01', to: '2025-07-01' }), [])
  t.same(await said({ from: '2025-07-01T23:30:00Z', to: '2025-07-02' }), [row?.id])
  t.same(await said({ from: '2025-07-02', to: '2025-07-01T23:30:00Z' }), [])
  await sql`update audit_entry set at = ${row?.at} where id = ${row?.id}`
})

t.test('what cannot be a filter is refused, and not passed over', async (t) => {
  const limits = ['0', '201', 'ten', 'true', '1.5', '0x10', '%205', '05'].map((it) => `limit=${it}`)
  const days = [
    'from=today',
    'from=2026-02-30T00:00:00Z',
    'from=2026-02-30',
    'from=0000-01-01',
    'to=0000-12-31T23:59:59Z',
    'to=2026-13-01',
    'to=2026-06-31T00:00:00Z',
  ]
  const cursors = [
    'cursor=',
    `cursor=${Buffer.from('2026-11-22T09:30:00.000Z x').toString('base64url')}`,
  ]
  const others = ['action=everything', 'actor=me', 'colour=red', 'outcome=refused&outcome=failed']
  for (const query of [...limits, ...days, ...cursors, ...others]) {
    const { status } = await asAuditor('GET', `/v1/audit/entries?${query}`)
    t.equal(status, 400, query)
  }
})

t.test('a row that was tampered with shows, and the page still opens', async (t) => {
  const canonical = (changes: string) => `
    convert_to((select string_agg(format('%s:%s', to_json(key), value), ',' order by key)
      from jsonb_each(convert_from(leaf, 'UTF8')::jsonb || ${changes})), 'UTF8')`
  const otherId = newId()
  const rows: [name: string, table: 'audit_entry' | 'audit_opening', change: string][] = [
    ['another time', 'audit_entry', `at = at + interval '1 ms'`],
    ['another action', 'audit_entry', `action = 'triage.claimed'`],
    ['another outcome', 'audit_entry', `outcome = 'failed'`],
    ['another object', 'audit_entry', `object_id = '${newId()}'`],
    ['no object', 'audit_entry', 'object_id = null'],
    [
      'the leaf of another entry',
      'audit_entry',
      `leaf = convert_to(replace(convert_from(leaf, 'UTF8'), id::text, '${otherId}'), 'UTF8')`,
    ],
    ['a leaf cut short', 'audit_entry', 'leaf = substring(leaf from 1 for 40)'],
    ['an empty leaf', 'audit_entry', `leaf = ''`],
    ['a leaf that is no entry', 'audit_entry', `leaf = convert_to('null', 'UTF8')`],
    ['a leaf of another form', 'audit_entry', `leaf = convert_to('{"id":1}', 'UTF8')`],
    ['a leaf spelt differently', 'audit_entry', `leaf = leaf || convert_to(' ', 'UTF8')`],
    ['a leaf without braces', 'audit_entry', `leaf = ${canonical(`'{"v": 1}'`)}`],
    ['another client', 'audit_opening', `client_id = '${newId()}'`],
    ['another organisation', 'audit_opening', `organisation_id = '${newId()}'`],
    ['another person', 'audit_opening', `person = 'p-1'`],
    ['another salt', 'audit_opening', `actor_salt = sha256('x')`],
    ['other details', 'audit_opening', `details = '{"repeated": false}'`],
    ['other details salt', 'audit_opening', `details_salt = sha256('x')`],
    ['a refusal beside what was permitted', 'audit_opening', `refusal = 'refused'`],
    ['the time of one', 'audit_opening', 'refused_at = now()'],
  ]
  const path = `/v1/referrals/`
  for (const [name, table, change] of rows) {
    const { envelope, referralId } = await refer(built)
    await asLawFirm('PUT', path + referralId, envelope)
    const [original] = await sql`
      select e.id, e.at, e.leaf, e.object_id, e.action, e.outcome, to_jsonb(o) as opening
      from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.action = 'referral.submitted'
      order by e.at desc, e.id desc limit 1`
    const key = table === 'audit_entry' ? 'id' : 'entry_id'
    const intact = async () =>
      (await page({ limit: 200 })).entries.find(({ id }) => [original!.id, otherId].includes(id))
        ?.intact
    t.equal(await intact(), true, `${name}: intact before`)
    await untilSequenced(sql)
    await sql.unsafe(`create table kept as select * from ${table} where ${key} = '${original!.id}'`)
    await sql.unsafe(`update ${table} set ${change} where ${key} = '${original!.id}'`)
    t.equal(await intact(), false, name)
    const columns =
      table === 'audit_entry'
        ? 'at, action, outcome, object_id, leaf'
        : 'client_id, organisation_id, person, actor_salt, details, details_salt, refusal, refused_at'
    await sql.unsafe(`
      update ${table} set (${columns}) = (select ${columns} from kept) where ${key} = '${original!.id}';
      drop table kept`)
    t.equal(await intact(), true, `${name}: intact after it was mended`)
  }
})

/** Its own entry: a step of the service may have added another about the referral by now. */
async function submissionOf({ referralId, entryId }: { referralId: string; entryId: string }) {
  const { entries } = await page({ object: referralId })
  return entries.find(({ id }) => id === entryId)
}

t.test('an opening that retention emptied leaves the entry intact', async (t) => {
  const { acknowledgement } = await refer(built)
  await sql`
    update audit_opening set client_id = null, organisation_id = null, person = null,
      actor_salt = null, details = null, details_salt = null
    where entry_id = ${acknowledgement.entryId}`
  const entry = await submissionOf(acknowledgement)
  t.match(entry, { intact: true, opening: {} })
  t.same(entry?.opening, {})
  // The reference stood in the opening alone: with it the way from the one to the other is gone.
  t.same((await page({ object: acknowledgement.reference })).entries, [])
})

t.test('an entry whose opening was removed is shown, and not intact', async (t) => {
  const { acknowledgement } = await refer(built)
  const [opening] = await sql`
    delete from audit_opening where entry_id = ${acknowledgement.entryId} returning *`
  const found = { id: acknowledgement.entryId, intact: false, opening: {} }
  t.match(await submissionOf(acknowledgement), found)
  const { entries } = await page({ action: 'referral.submitted', limit: 1 })
  t.match(entries, [found])
  await sql`insert into audit_opening ${sql(opening!)}`
})
