/**
 * Goal: what a forgotten WHERE could show or change, the database withholds.
 * Method: statements without any WHERE, as each of the service's roles, on a database that holds
 * referrals of two organisations. The tables are listed by PostgreSQL, so that a new one is tested
 * from the migration on that makes it.
 */
import postgres from 'postgres'
import t, { type Test } from 'tap'
import type { Caller } from '../../src/caller.ts'
import { connect, type Tx } from '../../src/database/connect.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { noteOn } from '../helpers/note.ts'
import { asBearer, receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import {
  asSuperuser,
  census,
  tablesOf,
  treeTables,
  untilPaired,
  untilSequenced,
  untilSettled,
} from '../helpers/superuser.ts'

const built = await build(t)
const { world, url, databases } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, databases)

/** Of two organisations, each with a key to be answered by. */
const threads = [
  { by: lawFirm, one: await refer(built, lawFirm, { replyTo: replyKeys().replyTo }) },
  { by: ngo, one: await refer(built, ngo, { replyTo: replyKeys().replyTo }) },
]
const [own = '', stranger = ''] = threads.map(({ one }) => one.referralId)
const keysOfReceipt = receiptKeysOfNobody()
const ofReceipt = sealedByReceipt(world, keysOfReceipt)
await sendPublicly(url, ofReceipt)
await asBearer(url, keysOfReceipt, 'POST', { referralId: ofReceipt.header.referralId })
await sendPublicly(url, sealedByReceipt(world, receiptKeysOfNobody()))
const asCasework = await callerOf(world, url, world.clients.casework)
const recipient = world.recipients.casework.receiving.kid
const claim = { recipient, max: 1, leaseSeconds: 60 }
await asCasework('POST', '/v1/triage/claims', claim)
await sql`
  insert into match_value
  select id, 1, 'REF', '\\x00', received_at from referral where id = ${stranger}`
await sql`insert into match_check values (${stranger}, 1, now(), 'kid', '\\x00')`
await sql`
  insert into urgency_statement values (${stranger}, 'standard', 1, '', 'kid', '\\x00', now())`
await sql`insert into document values (${newId()}, ${stranger}, null, 65577, now(), null)`
await sql`insert into token_key values ('kid', '', now(), now(), 'infinity')`
await sql`
  insert into claim_key values (${lawFirm.clientId}, '\\x00', '\\x00', '{}', '{}', now() + interval '1 hour')`
await sql`
  insert into triage_attempt
  select id, -1, ${lawFirm.clientId}, now(), now(), 'lapsed' from triage_item limit 1`
await sql`insert into unheld_item values (${newId()}, 0, now())`
await sql`insert into duty_mail values (1, '\\x00', 0, 0, 'infinity')`
await sql`
  insert into webhook_endpoint (id, client_id, url, secret, created_at, next_try_at, recorded_on, epoch, position, number)
  values (${newId()}, ${lawFirm.clientId}, '', '\\x00', now(), now(), now(), '', 0, 0)`
await sql`insert into spent_id values ('proof', '\\x00', now() + interval '1 hour')`
await sql`insert into case_flag values (${newId()}, ${stranger}, 'shared', now())`
const others = [await refer(built, ngo), await refer(built, ngo)]
const [one, two] = await sql`
  select case_id from referral_case
  where referral_id = any (${others.map(({ referralId }) => referralId)})`
const [item] = await sql`select id from triage_item where referral_id = ${others[1]!.referralId}`
const why = { urgency: 'urgent', note: noteOn(world, others[1]!) }
await asCasework('POST', `/v1/triage/items/${item?.id}/urgency`, why)
const merge = { otherId: two?.case_id, note: noteOn(world, others[0]!) }
await asCasework('POST', `/v1/cases/${one?.case_id}/merge`, merge)
// What each wrote, and an answer that neither has opened.
for (const { by, one } of threads) {
  const call = await callerOf(world, url, by.clientId)
  const path = `/v1/referrals/${one.referralId}/messages`
  await call('POST', path, messageOn(world, one, undefined, { signer: by.signing }))
  await asCasework('GET', `${path}?recipient=${recipient}`)
  const answering = { from: 'recipient', signer: world.recipients.casework.signing } as const
  const answer = messageOn(world, one, undefined, answering)
  await asCasework('POST', `${path}?recipient=${recipient}`, answer)
}
await untilSettled(sql)
const budgetOf = (clientId: string) => sql`
  insert into evaluation_budget values (${clientId}, '2026-11-25', 16)`
await Promise.all([lawFirm, ngo].map(({ clientId }) => budgetOf(clientId)))
await sql`insert into opening_budget values (${world.clients.casework}, '2026-11-25T10:00Z', 16)`

const erased = await refer(built, ngo)
await asCasework('POST', `/v1/referrals/${erased.referralId}/erasure`)
await asCasework('PUT', `/v1/referrals/${stranger}/hold?reason=inquiry`)
await sql`insert into served_as values (1, '', now())`
await sql`insert into retention_rule values ('closed', 3650, now(), 'infinity', '')`
await untilPaired(sql)
await sql`insert into pairing values (${stranger}, now(), 0, 'infinity')`
await untilSequenced(sql)
await sql`insert into audit_cosignature values (1, 1, 'witness', 'checkpoint', 'line', now())`

const tables = await tablesOf(sql)
const before = await census(sql)
t.afterEach(async () => {
  await requireBalanced(sql)
  const after = await census(sql)
  if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error('a statement left rows')
})

/** What no organisation owns: what everybody's referral is sealed by, and who may call. */
const shared = [
  ...['client', 'client_key', 'directory', 'keyset', 'organisation', 'signing_key'],
  // States and days, which the owner sets.
  'retention_rule',
]

/** Hashes, and what is signed over them: anybody may fetch these. */
const published = ['audit_log', 'audit_tile', 'audit_cosignature']

const known = (kind: 'partner' | 'internal' | 'auditor', organisationId: string): Caller => ({
  ...{ kind, organisationId, request: newId() },
  ...{ clientId: lawFirm.clientId, scopes: new Set(), kids: new Set() },
  labels: { client: 'A client', organisation: 'An organisation' },
})
const partner = known('partner', lawFirm.organisationId)
const anonymous: Caller = { kind: 'anonymous', request: newId() }
const internal = known('internal', world.referring.telephone.organisationId)

const pool = (name: 'url' | 'ownerUrl') => {
  const database = connect({ url: databases[name], connectionsMax: 1, prepare: true })
  t.teardown(() => database.close())
  return database
}
const [service, owner] = [pool('url'), pool('ownerUrl')]

/** Runs statements as `caller` and undoes them; answers what the last one answered. */
async function as(caller: Caller, act: (tx: Tx) => Promise<postgres.RowList<postgres.Row[]>>) {
  let rows: postgres.Row[] | undefined
  const undo = new Error('undo')
  const database = caller.kind === 'administrator' ? owner : service
  await database
    .inTransaction(caller, async (tx) => {
      rows = await act(tx)
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  return rows ?? []
}

/** 42501 insufficient_privilege: no grant, or a row that the policy does not let in. */
const denied = { code: '42501' }

async function deniedTo(t: Test, caller: Caller, name: string, statement: string) {
  await t.rejects(
    as(caller, (tx) => tx.sql.unsafe(statement)),
    denied,
    name,
  )
}

const nowMs = `date_trunc('milliseconds', now())`
const insertable = (
  await sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = 'referral'::regclass and attnum > 0 and attgenerated = ''`
).map(({ name }) => name)

/** A statement that inserts a referral which the caller sees once more, with changes. */
function copyOf(columns: readonly string[], changes: Record<string, string>): string {
  const made = { id: `'${newId()}'`, reference: `'1'`, state: `'received'`, received_at: nowMs }
  const values = columns.map((name) => ({ ...made, ...changes })[name] ?? name)
  return `insert into referral (${columns}) select ${values.join(', ')} from referral limit 1`
}

t.test('every table that holds rows of people is under a policy, for its owner too', async (t) => {
  const rows = await sql<{ name: string; held: boolean; policies: number }[]>`
    select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as held,
           (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`
  for (const { name, held, policies } of rows.filter((row) => !shared.includes(row.name))) {
    t.ok(held, `${name} forces row-level security`)
    t.ok(policies > 0, `${name} has a policy`)
  }
  const bypassing = await sql`
    select rolname from pg_roles
    where rolname like 'intake%' and (rolsuper or rolbypassrls)`
  t.same(bypassing, [], 'and no role of ours bypasses them')
})

t.test('a partner sees the rows of its own organisation and no others', async (t) => {
  const seen = (table: string) => as(partner, (tx) => tx.sql`select * from ${tx.sql(table)}`)
  const referrals = await as(partner, (tx) => tx.sql`select id from referral`)
  t.same(referrals, [{ id: own }])
  await deniedTo(t, partner, 'when it was first claimed', 'select state from referral')
  const compartments = await seen('compartment')
  t.equal(compartments.length, 1)
  t.equal(compartments[0]?.names.length, 10)
  t.ok(compartments.every(({ referral_id: id }) => id === own))
  const wraps = await seen('wrap')
  t.equal(wraps.length, 3)
  t.ok(wraps.every(({ referral_id: id }) => id === own))
  t.same(
    (await seen('evaluation_budget')).map(({ client_id: id }) => id),
    [lawFirm.clientId],
  )
  t.same(
    (await seen('organisation')).map(({ id }) => id),
    [lawFirm.organisationId],
  )
  const clients = await seen('client')
  t.ok(clients.length > 0)
  t.ok(clients.every(({ organisation_id: id }) => id === lawFirm.organisationId))
})

t.test("a partner raises its own budget's count, and nobody else's", async (t) => {
  const raise = (tx: Tx) => tx.sql`update evaluation_budget set elements = 17 returning client_id`
  t.same(await as(partner, raise), [{ client_id: lawFirm.clientId }])
  t.same(await as(anonymous, raise), [])
  const insert = (id: string) => `insert into evaluation_budget values ('${id}', '2026-11-24', 1)`
  t.equal((await as(partner, (tx) => tx.sql.unsafe(insert(lawFirm.clientId)))).length, 0)
  await deniedTo(t, partner, 'the budget of another', insert(ngo.clientId))
  const refund = (tx: Tx) => tx.sql`update evaluation_budget set elements = -1`
  await t.rejects(as(partner, refund), { code: '23514' }, 'a budget to come')
  await deniedTo(t, anonymous, 'a budget by nobody', insert(ngo.clientId))
})

t.test('whoever is served spends an id for at most a day, and takes none back', async (t) => {
  const spending = (interval: string) =>
    `insert into spent_id values ('proof', '\\x01', now() + interval '${interval}')`
  for (const caller of [partner, anonymous, internal]) {
    t.equal((await as(caller, (tx) => tx.sql.unsafe(spending('1 hour')))).length, 0)
    await deniedTo(t, caller, `${caller.kind}, for ever`, spending('25 hours'))
  }
  const back = (tx: Tx) => tx.sql`delete from spent_id returning kind`
  t.same(await as(internal, back), [], 'what has not expired stays')
})

t.test(
  'nobody who refers sees what waits to be opened, or says so of what came before',
  async (t) => {
    const receipt = Buffer.from(ofReceipt.receipt!, 'base64url')
    const waits = (id: string) => `insert into unopened values ('${id}', null)`
    for (const caller of [partner, anonymous, { ...anonymous, receipt }]) {
      await deniedTo(t, caller, 'how many', 'select count(*) from unopened')
      await deniedTo(t, caller, 'room for more', 'delete from unopened')
      await deniedTo(t, caller, 'an earlier one', waits(ofReceipt.header.referralId))
    }
    const withNew = (caller: Caller) => {
      const id = newId()
      return as(caller, async (tx) => {
        await tx.sql.unsafe(copyOf(insertable, { id: `'${id}'` }))
        return tx.sql.unsafe(waits(id))
      })
    }
    t.same(await withNew({ ...anonymous, receipt }), [])
    await t.rejects(withNew(partner), denied, "an organisation's own")
  },
)

/** Inserts a withdrawal as it is right but for whose it is. */
function withdraws(id: string, envelope: string, changes: Record<string, string> = {}): string {
  const row = {
    ...{ referral_id: `'${id}'`, asked_at: nowMs, entry_id: `'${newId()}'`, envelope },
    ...{ kept_until: `${nowMs} + interval '7 days'`, ...changes },
  }
  return `insert into withdrawal (${Object.keys(row)}) values (${Object.values(row).join(', ')}) returning referral_id`
}

t.test('an organisation withdraws what it sent and has no answer, and nothing else', async (t) => {
  const sets = (id: string, state: string) =>
    `update referral set state = '${state}' where id = '${id}' returning id`
  const tried = (statement: string) => as(partner, (tx) => tx.sql.unsafe(statement))
  t.equal((await tried(sets(own, 'withdrawn'))).length, 1)
  await deniedTo(t, partner, 'another state', sets(own, 'closed'))
  await deniedTo(t, partner, 'its reason', `update referral set decline_reason = 'no_capacity'`)
  t.equal((await tried(sets(stranger, 'withdrawn'))).length, 0, "another's")
  t.equal((await tried(withdraws(own, `'\\x00'`))).length, 1)
  await deniedTo(t, partner, "another's", withdraws(stranger, `'\\x00'`))
  await deniedTo(t, partner, 'without what it signed', withdraws(own, 'null'))
  const soon = { kept_until: `${nowMs} + interval '6 days'` }
  await deniedTo(t, partner, 'to be erased before', withdraws(own, `'\\x00'`, soon))
  const decided = { decision: `'confirmed'`, decided_at: nowMs }
  await deniedTo(t, partner, 'decided', withdraws(own, 'null', decided))
  await deniedTo(t, partner, 'told', withdraws(own, `'\\x00'`, { settled_at: nowMs }))
})

t.test('whoever holds a receipt sees what was sent under it, and adds only to that', async (t) => {
  const receipt = Buffer.from(ofReceipt.receipt!, 'base64url')
  const naming = copyOf(insertable, { receipt_hash: `'\\x${receipt.toString('hex')}'` })
  await deniedTo(t, partner, 'under a receipt, for an organisation', naming)
  // Not even one that an organisation had sent under it.
  await sql`update referral set receipt_hash = ${receipt} where id = ${own}`
  t.teardown(() => sql`update referral set receipt_hash = null where id = ${own}`)
  for (const kind of ['anonymous', 'bearer'] as const) {
    const holder: Caller = { kind, request: newId(), receipt }
    const seen = (table: string) => as(holder, (tx) => tx.sql`select * from ${tx.sql(table)}`)
    const referrals = await as(holder, (tx) => tx.sql`select id from referral`)
    t.same(referrals, [{ id: ofReceipt.header.referralId }], kind)
    await deniedTo(t, holder, 'when it was first claimed', 'select state from referral')
    t.equal((await seen('compartment')).length, 1)
    t.same(await seen('organisation'), [])
    await deniedTo(t, holder, 'the queue', 'select from triage_item')
    await deniedTo(t, holder, 'where that was asked from', 'select block from withdrawal')
    t.equal((await as(holder, (tx) => tx.sql`select referral_id from withdrawal`)).length, 1)
    for (const id of [own, stranger]) {
      const asks = withdraws(id, 'null')
      await deniedTo(t, holder, 'a withdrawal of another', asks)
      const flags = (of: string, kind: string) =>
        `insert into case_flag values ('${newId()}', '${of}', '${kind}', ${nowMs})`
      await deniedTo(t, holder, 'a flag of another', flags(id, 'withdrawal'))
      await deniedTo(t, holder, 'another flag', flags(ofReceipt.header.referralId, 'shared'))
    }
    const copy = (changes: Record<string, string>) => (tx: Tx) =>
      tx.sql.unsafe(copyOf(insertable, changes))
    t.equal((await as(holder, copy({}))).length, 0)
    const hash = `'\\x${'00'.repeat(32)}'`
    await t.rejects(
      as(holder, copy({ receipt_hash: hash })),
      denied,
      'under the receipt of another',
    )
    const organisation_id = `'${lawFirm.organisationId}'`
    await t.rejects(as(holder, copy({ organisation_id })), denied, 'for an organisation')
    const amends = as(holder, copy({ supersedes: `'${own}'` }))
    await t.rejects(amends, { code: '23503' }, "an amendment of an organisation's")
  }
})

t.test('an anonymous caller sees no row of anybody', async (t) => {
  const none = ['referral', 'compartment', 'wrap', 'evaluation_budget', 'organisation', 'client']
  for (const table of none) {
    t.same(await as(anonymous, (tx) => tx.sql`select from ${tx.sql(table)}`), [], table)
  }
})

t.test('a partner cannot read what would tell of others', async (t) => {
  const readable = [
    ...['referral', 'compartment', 'wrap', 'withdrawal', 'evaluation_budget'],
    ...['message', 'message_delivery', 'erasure', 'document'],
    // When the database was last restored.
    'served_as',
    ...['client', 'organisation', 'keyset', 'directory'],
    ...published,
  ]
  for (const table of tables.filter((name) => !readable.includes(name))) {
    await deniedTo(t, partner, table, `select from ${table}`)
  }
})

t.test('of documents a partner sees and begins its own, and ends each once', async (t) => {
  const seen = (statement: string) => as(partner, (tx) => tx.sql.unsafe(statement))
  t.same(await seen('select from document'), [], 'and none of a stranger')
  const begins = (changes: Record<string, string>) => {
    const row = {
      ...{ id: `'${newId()}'`, referral_id: `'${own}'`, client_id: 'null', bytes: '65577' },
      ...{ begun_at: nowMs, stored_at: 'null', ...changes },
    }
    return `insert into document (${Object.keys(row)}) values (${Object.values(row)})`
  }
  const otherClient = { client_id: `'${world.clients.casework}'` }
  for (const changes of [
    { referral_id: `'${stranger}'` },
    { begun_at: "now() - interval '1 day'" },
    { stored_at: nowMs },
    otherClient,
  ]) {
    await deniedTo(t, partner, JSON.stringify(changes), begins(changes))
  }
  await as(partner, async (tx) => {
    await tx.sql.unsafe(begins({}))
    const ends = () => tx.sql`update document set stored_at = ${tx.now.toISOString()}`
    t.strictSame([(await ends()).count, (await ends()).count], [1, 0])
    return tx.sql`select from document`
  }).then((rows) => t.equal(rows.length, 1))
  await deniedTo(t, partner, 'a removal', 'delete from document')
})

t.test('of messages a partner sees its own, and not when they were opened today', async (t) => {
  const seen = (statement: string) => as(partner, (tx) => tx.sql.unsafe(statement))
  const rows = await seen('select distinct referral_id as id from message')
  t.same(rows, [{ id: own }])
  t.same(await seen('select from message_delivery'), [])
  const write = (changes: Record<string, string>) => {
    const made = {
      ...{ referral_id: `'${own}'`, place: '9', side: `'referrer'`, number: '9' },
      ...{ message_id: `'${newId()}'`, envelope: `'\\x00'`, urgency: 'null' },
      ...{ stored_at: nowMs, entry_id: `'${newId()}'`, ...changes },
    }
    return `insert into message (${Object.keys(made)}) values (${Object.values(made)})`
  }
  t.same(await seen(write({})), [], 'on its own side')
  await deniedTo(t, partner, 'of another', write({ referral_id: `'${stranger}'` }))
  await deniedTo(t, partner, 'as a recipient', write({ side: `'recipient'` }))
  await deniedTo(t, partner, 'dated back', write({ stored_at: `'2026-01-01'` }))
  await deniedTo(t, partner, 'as told', write({ settled_at: nowMs }))
  const open = (place: number, way = 'opened', of = own) =>
    `insert into message_delivery values ('${of}', ${place}, '${way}', null, ${nowMs}, '${newId()}')`
  t.same(await seen(open(2)), [], 'what it was answered')
  await deniedTo(t, partner, 'its own', open(1))
  await deniedTo(t, partner, 'as read aloud', open(2, 'letter'))
  await deniedTo(t, partner, 'of another', open(2, 'opened', stranger))
})

t.test(
  'of the directory a partner reads its own entry and the hash, and nothing else',
  async (t) => {
    const own = (caller: Caller) => as(caller, (tx) => tx.sql`select own_referrer(1) as own`)
    t.match(await own(partner), [{ own: { organisation: lawFirm.organisationId } }])
    t.same(await own(anonymous), [{ own: null }])
    t.equal((await as(partner, (tx) => tx.sql`select version, sha256 from directory`)).length, 1)
    await deniedTo(t, partner, 'the document', 'select jws from directory')
  },
)

t.test('a partner changes and removes nothing, its own neither', async (t) => {
  for (const table of tables) {
    const [column] = await sql`
      select attname as name from pg_attribute
      where attrelid = ${table}::regclass and attnum = 1`
    await deniedTo(t, partner, `update ${table}`, `update ${table} set ${column?.name} = default`)
    await deniedTo(t, partner, `delete ${table}`, `delete from ${table}`)
    await deniedTo(t, partner, `truncate ${table}`, `truncate ${table} cascade`)
  }
})

t.test(
  'a partner inserts nothing for another organisation, nor later than its referral',
  async (t) => {
    const copy = (changes: Record<string, string>) => copyOf(insertable, changes)
    t.equal((await as(partner, (tx) => tx.sql.unsafe(copy({})))).length, 0)
    const another = copy({ organisation_id: `'${ngo.organisationId}'` })
    await deniedTo(t, partner, 'referral of another', another)
    await deniedTo(t, partner, 'referral of nobody', copy({ organisation_id: 'null' }))
    await deniedTo(t, partner, 'a referral that is answered', copy({ state: `'accepted'` }))
    await deniedTo(t, partner, 'a referral of before', copy({ received_at: `'1990-01-01'` }))
    const amending = (id: string) =>
      as(partner, (tx) => tx.sql.unsafe(copy({ supersedes: `'${id}'` })))
    t.equal((await amending(own)).length, 0, 'an amendment')
    await t.rejects(amending(stranger), { code: '23503' }, "an amendment of another's")
    const bytes = ['header', 'signature', 'envelope_hash']
    const nobodys = `insert into referral (id, reference, received_at, state, keyset_version, signer,
    entry_id, ${bytes}) values ('${newId()}', '1', now(), 'received', 1, '', '${newId()}', '', '', '')`
    await deniedTo(t, anonymous, 'a referral by nobody', nobodys)
    const item = (ids: string, due = nowMs, fence = 0, column = 'lapses', value = '0') => `
    insert into triage_item
    (id, case_id, referral_id, referral_ids, arrived_at, urgency, region, channel, organisation_id,
     own_due_at, due_at, fence, ${column})
    values ('${newId()}', '${newId()}', (${ids})[1], ${ids}, ${nowMs}, 'standard', 'kent',
            'internal', '${lawFirm.organisationId}', ${due}, ${due}, ${fence}, ${value})`
    const inserts: Record<string, (id: string) => string> = {
      compartment: (id) => `insert into compartment values ('${id}', '{message}', '{""}')`,
      wrap: (id) => `insert into wrap values ('${id}', 'a', '', '')`,
      triage_item: (id) => item(`array['${id}'::uuid]`),
      match_value: (id) => `insert into match_value values ('${id}', 1, 'REF', '', ${nowMs})`,
      referral_case: (id) => `insert into referral_case values ('${id}', '${newId()}')`,
      pairing: (id) => `insert into pairing values ('${id}', ${nowMs})`,
    }
    const id = newId()
    const withReferral = (statement: string) => (tx: Tx) =>
      tx.sql.unsafe(copy({ id: `'${id}'` })).then(() => tx.sql.unsafe(statement))
    for (const [name, insert] of Object.entries(inserts)) {
      t.equal((await as(partner, withReferral(insert(id)))).length, 0, `${name} with its referral`)
      await deniedTo(t, partner, `${name} after its referral`, insert(own))
      await deniedTo(t, partner, `${name} of another`, insert(stranger))
      await deniedTo(t, anonymous, `${name} by nobody`, insert(own))
      if (name === 'compartment' || name === 'wrap') {
        await deniedTo(t, internal, `${name} by staff, after its referral`, insert(own))
      }
    }
    for (const [name, statement] of Object.entries({
      'an item at the head of the queue': item(`array['${id}'::uuid]`, `'-infinity'`),
      'an item of another organisation': item(`array['${id}'::uuid]`).replace(
        lawFirm.organisationId,
        ngo.organisationId,
      ),
      'an item with a fence': item(`array['${id}'::uuid]`, nowMs, 7),
      'an item that says its case changed': item(
        `array['${id}'::uuid]`,
        nowMs,
        0,
        'changed',
        'true',
      ),
      'an item that people had': item(`array['${id}'::uuid]`, nowMs, 0, 'escalated_before', nowMs),
      'an item that is parked': item(
        `array['${id}'::uuid]`,
        nowMs,
        0,
        'park_reason',
        `'call_back'`,
      ),
      'an item that wakes some day': item(`array['${id}'::uuid]`, nowMs, 0, 'parked_until', nowMs),
      'an item set aside': item(`array['${id}'::uuid]`, nowMs, 0, 'aside_id', `'${newId()}'`),
      'an item that is worked on as another': item(
        ...([`array['${id}'::uuid]`, nowMs, 0, 'merged_into', `'${newId()}'`] as const),
      ),
      'a match value of before': `insert into match_value values ('${id}', 1, 'REF', '', '1970-01-01')`,
      'a pairing of before': `insert into pairing values ('${id}', '1970-01-01')`,
      'a pairing that waits for ever': `insert into pairing values ('${id}', ${nowMs}, 0, 'infinity')`,
    })) {
      await t.rejects(as(partner, withReferral(statement)), denied, name)
    }
    const both = item(`array['${own}'::uuid, '${stranger}'::uuid]`)
    await deniedTo(t, partner, 'an item that lists another beside its own', both)
    await deniedTo(t, partner, 'an item that lists nothing', item(`'{}'::uuid[]`))
    await deniedTo(
      t,
      partner,
      'an item with a hidden first',
      item(`'[0:1]={${stranger},${own}}'::uuid[]`),
    )
  },
)

t.test(
  'an auditor reads the log, who called and who could, and nothing that is sealed or queued',
  async (t) => {
    const auditor = known('auditor', lawFirm.organisationId)
    for (const table of ['audit_entry', 'audit_opening']) {
      const rows = await as(auditor, (tx) => tx.sql.unsafe(`select from ${table}`))
      t.equal(rows.length, before[table], table)
    }
    const hidden = tables.filter((name) => !name.startsWith('audit_') && !shared.includes(name))
    t.ok(hidden.length >= 6)
    const seen: Record<string, string[]> = {
      referral: ['id', 'reference', 'received_at', 'keyset_version', 'wrap_hashes'],
      wrap: ['referral_id', 'kid'],
      organisation: ['id', 'label', 'disabled_at'],
      client: ['id', 'organisation_id', 'label', 'kind', 'scopes', 'kids', 'disabled_at'],
    }
    for (const table of [...hidden, 'organisation', 'client']) {
      const columns = await sql`
        select attname as name from pg_attribute
        where attrelid = ${table}::regclass and attnum > 0 and not attisdropped`
      t.ok(columns.length > 0, table)
      for (const { name } of columns) {
        const statement = `select ${name} from ${table}`
        if (!seen[table]?.includes(name)) await deniedTo(t, auditor, statement, statement)
        else {
          const rows = await as(auditor, (tx) => tx.sql.unsafe(statement))
          t.equal(rows.length, before[table], statement)
        }
      }
    }
  },
)

t.test('nobody changes or removes an entry of the access log', async (t) => {
  const callers: Caller[] = [partner, anonymous, internal, known('auditor', newId())]
  for (const table of ['audit_entry', 'audit_opening']) {
    for (const kind of ['system', 'sequencer'] as const) callers.push({ kind, request: newId() })
    for (const caller of callers) {
      await deniedTo(t, caller, `${caller.kind} update`, `update ${table} set ${firstOf(table)}`)
      await deniedTo(t, caller, `${caller.kind} delete`, `delete from ${table}`)
      await deniedTo(t, caller, `${caller.kind} truncate`, `truncate ${table} cascade`)
    }
    const administrator: Caller = { kind: 'administrator', request: newId() }
    for (const statement of [`update ${table} set ${firstOf(table)}`, `delete from ${table}`]) {
      const rows = await as(administrator, (tx) => tx.sql.unsafe(`${statement} returning 1`))
      t.same(rows, [], `the owner: ${statement}`)
    }
  }
})

t.test('nobody writes an entry that is longer than a bundle has room for', async (t) => {
  const entry = (bytes: number) =>
    `insert into audit_entry values ('${newId()}', now(), '', 'permitted', null, repeat('x', ${bytes})::bytea)`
  await as(partner, (tx) => tx.sql.unsafe(entry(4096)))
  await t.rejects(
    as(partner, (tx) => tx.sql.unsafe(entry(4097))),
    { code: '23514', constraint_name: 'audit_entry_short' },
  )
})

t.test('only the sequencer puts entries into the tree, and takes none out', async (t) => {
  const sequencer: Caller = { kind: 'sequencer', request: newId() }
  const others: Caller[] = [partner, anonymous, internal, known('auditor', newId())]
  const log = `insert into audit_log (n, origin) values (1, 'intake.test/v1/audit/logs/1') on conflict do nothing`
  const statements = {
    pending: 'delete from audit_pending',
    index: `insert into audit_index select 1, 1000000, id from audit_entry limit 1`,
    tile: `insert into audit_tile values (1, 7, 0, sha256(''))`,
    head: `update audit_log set signed_at = now()`,
    log,
  }
  for (const caller of others) {
    for (const [name, statement] of Object.entries(statements)) {
      await deniedTo(t, caller, `${caller.kind}: ${name}`, statement)
    }
  }
  const opens = `insert into audit_log (n, origin) values (2, 'intake.test/v1/audit/logs/2')`
  for (const [name, statement] of Object.entries({
    'a log anew': opens,
    'what closes one': 'update audit_log set closed_at = now()',
    'an index': 'update audit_index set index = index + 1',
    'one removed': 'delete from audit_index',
    'a tile removed': 'delete from audit_tile',
    'a log removed': 'delete from audit_log',
    openings: 'select from audit_opening',
    referrals: 'select from referral',
    'an entry': `insert into audit_entry values ('${newId()}', now(), '', 'permitted', null, '')`,
  })) {
    await deniedTo(t, sequencer, name, statement)
  }
})

const firstOf = (table: string) =>
  table === 'audit_entry' ? `action = 'token.issued'` : 'person = null'

t.test('staff move states and leases, and nothing that was sealed or signed', async (t) => {
  const permitted: Record<string, string[]> = {
    referral: ['state', 'decline_reason', 'shown_by'],
    evaluation_budget: ['elements'],
    opening_budget: ['began_at', 'openings'],
    claim_key: ['body_hash', 'item_ids', 'fences', 'expires_at'],
    unheld_item: ['fence', 'since', 'told'],
    duty_mail: ['number', 'attempts', 'not_before'],
    triage_item: [
      ...['fence', 'lapses', 'leased_by', 'leased_until', 'claimed_at'],
      ...['escalated_at', 'completed_at', 'outcome', 'completed_late', 'reopened_at'],
      ...['case_id', 'referral_ids', 'due_at', 'merged_into', 'changed', 'escalated_before'],
      ...['park_reason', 'parked_until', 'aside_id'],
      ...['urgency', 'own_due_at'],
      // Where the head's own referral is withdrawn, it becomes the item of another.
      ...['referral_id', 'arrived_at', 'respond_by', 'region', 'channel', 'organisation_id'],
    ],
    withdrawal: ['decision', 'decided_at', 'settled_at'],
    referral_case: ['case_id'],
    judgement: ['ended_at'],
    pairing: ['queued_at', 'attempts', 'not_before'],
    match_check: ['checked_at', 'signer', 'signature'],
    case_flag: ['at'],
    message: ['settled_at'],
    document: ['stored_at'],
    challenge_block: ['challenges'],
    served_as: ['epoch', 'since'],
    webhook_endpoint: [
      ...['secret', 'earlier_secret', 'earlier_until', 'disabled_at', 'disabled_for'],
      ...['epoch', 'position', 'number', 'gap_at', 'tries', 'next_try_at', 'leased_until', 'fence'],
      ...['sent', 'recorded_on', 'delivered_at', 'failures'],
    ],
  }
  /** What was waited for is done, what was marked was looked at, what was replaced is replaced. */
  const forgotten = [
    'pairing',
    'case_flag',
    'match_value',
    'token_key',
    'spent_id',
    'claim_key',
    'daily_secret',
    'challenge_block',
    'unopened',
    'triage_change',
    'unheld_item',
    'duty_mail',
    'webhook_endpoint',
    'legal_hold',
    'document',
    // What was granted or passed on; the policy lets no other wrap go.
    'wrap',
  ]
  for (const table of tables) {
    const columns = await sql`
      select attname as name from pg_attribute
      where attrelid = ${table}::regclass and attnum > 0 and not attisdropped
        and attgenerated = ''`
    for (const { name } of columns) {
      const statement = `update ${table} set ${name} = ${name}`
      if (permitted[table]?.includes(name)) await as(internal, (tx) => tx.sql.unsafe(statement))
      else await deniedTo(t, internal, statement, statement)
    }
    const remove = `delete from ${table}`
    if (forgotten.includes(table)) await as(internal, (tx) => tx.sql.unsafe(remove))
    else await deniedTo(t, internal, remove, remove)
  }
  const sealed = await sql`select from wrap where grant_signature is null limit 1`
  t.equal(sealed.length, 1, 'of wraps only those go that were granted, or passed on')
})

t.test('the service by itself reads nothing, makes nothing and becomes nobody else', async (t) => {
  const login = postgres(databases.url, { max: 1, onnotice: () => {} })
  t.teardown(() => login.end())
  const statements = [
    ...tables.flatMap((table) => [
      `select from public.${table}`,
      `insert into public.${table} default values`,
    ]),
    ...tables.map((table) => `drop table public.${table} cascade`),
    ...tables.map((table) => `alter table public.${table} disable row level security`),
    'create table public.loot (id int)',
    'create schema loot',
    'create role loot',
    'create function public.loot() returns int language sql as $$ select 1 $$',
    'insert into drizzle.__drizzle_migrations default values',
    'set role intake_owner',
    'set role postgres',
    "copy (select 1) to program 'true'",
  ]
  const grants = await sql`
    select relname from pg_class c, unnest(array['select', 'insert', 'update', 'delete']) verb
    where relnamespace = 'public'::regnamespace and relkind = 'r'
      and has_table_privilege('intake_service', c.oid, verb)`
  t.same(grants, [], 'and no table is granted to it')
  for (const statement of statements) await t.rejects(login.unsafe(statement), denied, statement)
})

t.test('the service has nowhere to keep what no policy covers', async (t) => {
  const statements = [
    'create temporary table loot (id int)',
    'select lo_creat(-1)',
    'select lo_create(0)',
    "select lo_from_bytea(0, 'loot')",
  ]
  // The database that every other is cloned from: a clone does not take over who may do what in it.
  const login = postgres(databases.url.replace(/\/[^/]*$/, '/intake'), { max: 1 })
  t.teardown(() => login.end())
  for (const statement of statements) await t.rejects(login.unsafe(statement), denied, statement)
})

t.test('directory tables are written by their owner only', async (t) => {
  const callers: Caller[] = [partner, anonymous, internal]
  for (const caller of callers) {
    for (const table of shared) {
      const statement = `insert into ${table} select * from ${table} limit 0`
      await deniedTo(t, caller, `${caller.kind} insert ${table}`, statement)
      await deniedTo(t, caller, `${caller.kind} delete ${table}`, `delete from ${table}`)
    }
    await deniedTo(t, caller, 'signing keys', 'select from signing_key')
  }
})

t.test('the owner, as which the host administers, reads no row of anybody', async (t) => {
  for (const table of tables.filter((name) => !shared.includes(name))) {
    const rows = await as({ kind: 'administrator', request: newId() }, (tx) =>
      tx.sql.unsafe(`select from ${table}`),
    )
    if (!published.includes(table)) t.same(rows, [], table)
    if (!treeTables.includes(table)) t.ok(before[table]! > 0, `${table} holds rows`)
  }
})

t.test('nothing of a caller is left on its connection, after a commit or a rollback', async (t) => {
  for (const ending of ['commit', 'rollback']) {
    let left: postgres.Row | undefined
    let within: postgres.Row | undefined
    // The driver's own commit then finds no transaction, of which the server warns.
    const ended = service.inTransaction(partner, async (tx) => {
      const look = `select current_user as role, current_setting('app.organisation', true) as organisation,
        current_setting('app.receipt', true) as receipt, pg_backend_pid() as pid`
      const results = await tx.sql.unsafe(`${look}; ${ending}; ${look}`)
      const looks = (results as unknown as postgres.Row[][]).filter((rows) => rows.length > 0)
      within = looks[0]?.[0]
      left = looks[1]?.[0]
    })
    await t.rejects(ended, { name: 'OutcomeUnknown' })
    t.match(within, { role: 'intake_partner', organisation: lawFirm.organisationId })
    t.match(left, { role: 'intake_service', organisation: '', receipt: '', pid: within?.pid })
  }
})
