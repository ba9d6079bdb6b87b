/**
 * Goal: of what was erased nothing is left but that it was, and whoever knew it is told so in words; what others share with
 * it stays as it was.
 * Method: a service on a database of its own. What is left is found by walking the schema, not by a list of ours.
 */
import t from 'tap'
import { goingByOthers, goingTables, stayingTables } from '../../src/erasure/tables.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn } from '../helpers/message.ts'
import { noteOn } from '../helpers/note.ts'
import { matchingOf, spellingsOf, stranger } from '../helpers/people.ts'
import { asBearer, receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(async () => {
  await untilPaired(sql)
  await requireBalanced(sql)
})

const call = {
  lawFirm: await callerOf(world, url, lawFirm.clientId),
  ngo: await callerOf(world, url, ngo.clientId),
  casework: await callerOf(world, url, world.clients.casework),
  auditor: await callerOf(world, url, world.clients.auditor),
}
const { kid } = world.recipients.casework.receiving

const erase = (name: string) => call.casework('POST', `/v1/referrals/${name}/erasure`)
const caseOf = async (id: string) =>
  (await sql`select case_id from referral_case where referral_id = ${id}`)[0]?.case_id as string
async function claim(referral: string) {
  const asked = { recipient: kid, max: 1, leaseSeconds: 600, referral }
  const { status, body } = await call.casework('POST', '/v1/triage/claims', asked)
  if (status !== 200) throw new Error(JSON.stringify(body))
  const [{ claimId, fence }] = body.claims
  return {
    complete: (referrals: readonly string[], outcome = 'accepted') =>
      call.casework('POST', `/v1/triage/claims/${claimId}/completion`, {
        fence,
        outcome,
        referrals,
      }),
  }
}
async function accepted(
  ...changes: Parameters<typeof refer> extends [unknown, ...infer Rest] ? Rest : never
) {
  const referred = await refer(built, ...changes)
  await (await claim(referred.referralId)).complete([referred.referralId])
  return referred
}

t.test('every table that names referrals, cases or items is in one list', async (t) => {
  const columns = await sql<{ table: string; columns: string[] }[]>`
    select c.table_name as table, array_agg(c.column_name order by c.column_name) as columns
    from information_schema.columns c
    where c.table_schema = 'public'
      and (c.column_name ~ '(referral|case|item)(_id|_ids|s)?$' or c.column_name in ('left_id', 'right_id', 'object_id')
           or exists (
             select from information_schema.key_column_usage k
             join information_schema.referential_constraints f using (constraint_schema, constraint_name)
             join information_schema.constraint_column_usage u
               on u.constraint_name = f.unique_constraint_name and u.constraint_schema = f.constraint_schema
             where k.table_name = c.table_name and k.column_name = c.column_name and u.table_name = 'referral'))
    group by c.table_name`
  const listed = [...Object.keys(goingTables), ...goingByOthers, ...Object.keys(stayingTables)]
  t.equal(new Set(listed).size, listed.length, 'and in one only')
  t.strictSame(
    columns.map(({ table }) => table).filter((table) => !listed.includes(table)),
    [],
  )
  for (const [table, going] of Object.entries(goingTables)) {
    const found = columns.find((one) => one.table === table)?.columns ?? []
    t.ok(
      going.every((column) => found.includes(column)),
      table,
    )
  }
})

t.test('of an erased referral nothing is left but its tombstone', async (t) => {
  const referred = await refer(built, lawFirm, { matching: matchingOf(stranger()) })
  const { referralId, acknowledgement, envelope } = referred
  const item = await claim(referralId)
  await call.casework('GET', `/v1/referrals/${referralId}?recipient=${kid}`)
  const caseId = await caseOf(referralId)
  await item.complete([referralId])
  const [before] = await sql`select * from referral where id = ${referralId}`

  const { status, body } = await erase(acknowledgement.reference)
  t.equal(status, 200)
  t.match(body, { referralId, erasedAt: /Z$/, entryId: /-/ })
  const days =
    (Date.parse(body.backupsForgetOn) - Date.parse(body.erasedAt.slice(0, 10))) / 86_400_000
  t.equal(days, 35, 'the day on which backups forget too')

  const [row] = await sql`select * from referral where id = ${referralId}`
  const left = Object.entries(row!).filter(([, value]) => value !== null && value.length !== 0)
  t.strictSame(left.map(([name]) => name).sort(), [
    ...['entry_id', 'envelope_hash', 'id', 'keyset_version', 'organisation_id', 'received_at'],
    ...['reference', 'sender', 'shown_at', 'shown_by', 'shown_state', 'state'],
  ])
  t.strictSame(row!.envelope_hash, before!.envelope_hash)
  const needles = [
    ...envelope.wraps.map(({ encapsulated }) => encapsulated),
    ...Object.values(envelope.compartments),
    ...envelope.matching!.values.map(({ value }) => value),
  ].map((text) => Buffer.from(text, 'base64url').toString('hex').slice(0, 32))
  for (const table of await tables()) {
    for (const needle of [...needles, caseId]) {
      const found =
        await sql`select from ${sql(table)} held where held::text like ${`%${needle}%`} limit 1`
      // Which case it was in the log says, and the queue's changes for some days more.
      const mayBe =
        needle === caseId && ['audit_opening', 'audit_entry', 'triage_change'].includes(table)
      if (!mayBe) t.equal(found.length, 0, `${table} ${needle}`)
    }
  }
  const log = await call.auditor('GET', `/v1/audit/entries?object=${referralId}`)
  const actions = log.body.entries.map(({ action }: { action: string }) => action)
  t.ok(actions.includes('referral.submitted'), 'the log still says that it came')
  const [entry] = log.body.entries
  t.match(entry, { action: 'referral.erased', opening: { details: { rule: 'person' } } })
  t.equal(entry.object.digest, acknowledgement.envelopeHash)
})

async function tables(): Promise<string[]> {
  const rows =
    await sql`select table_name from information_schema.tables where table_schema = 'public'`
  return rows.map(({ table_name }) => table_name as string)
}

t.test('the planner has no sample of what goes, and needs none', async (t) => {
  const sampled = await sql<{ name: string }[]>`
    select attrelid::regclass || '.' || attname as name from pg_attribute
    where attrelid = any (${[...Object.keys(goingTables), 'referral']}::regclass[]) and attnum > 0
      and atttypid in ('bytea'::regtype, 'bytea[]'::regtype) and coalesce(attstattarget, -1) <> 0`
  t.strictSame(
    sampled.map(({ name }) => name),
    ['referral.envelope_hash'],
    'which stays',
  )
  const keys = receiptKeysOfNobody()
  const byReceipt = sealedByReceipt(world, keys)
  t.equal((await sendPublicly(url, byReceipt)).status, 201)
  // Of a column with one value it would show none.
  await sendPublicly(url, sealedByReceipt(world, receiptKeysOfNobody()))
  const { envelope } = await refer(built, lawFirm, { matching: matchingOf(stranger()) })
  await untilPaired(sql)
  const ids = [byReceipt, envelope].map(({ header }) => header.referralId)
  const hexOf = (text: string) => Buffer.from(text, 'base64url').toString('hex')
  const needles = [
    ...[byReceipt.signature.kid, hexOf(byReceipt.signature.value), hexOf(keys.receipt)],
    ...envelope.matching!.values.map(({ value }) => hexOf(value)),
  ]
  const kept = async () => {
    const rows = await sql<{ text: string }[]>`select s::text as text from pg_stats s`
    return [...ids, ...needles].filter((one) => rows.some(({ text }) => text.includes(one)))
  }
  await sql`analyze`
  t.strictSame(await kept(), ids, 'it samples what stays')
  for (const id of ids) t.equal((await erase(id)).status, 200)
})

t.test('whoever comes back to it is told in words', async (t) => {
  const { referralId, envelope, acknowledgement } = await accepted()
  const first = await erase(referralId)
  const again = await erase(referralId)
  t.strictSame(again.body, first.body, 'erasing it again changes nothing')
  const gone = { status: 410, body: { code: 'erased' } }
  t.match(await call.lawFirm('PUT', `/v1/referrals/${referralId}`, envelope), gone)
  t.match(await call.ngo('PUT', `/v1/referrals/${referralId}`, envelope), { status: 422 })
  t.match(await call.casework('GET', `/v1/referrals/${referralId}?recipient=${kid}`), gone)
  t.match(await call.casework('GET', `/v1/referrals/${referralId}/notes`), gone)
  t.match(await call.casework('GET', `/v1/cases/${acknowledgement.reference}`), gone)
  t.match(await call.casework('PUT', `/v1/referrals/${referralId}/hold?reason=inquiry`), gone)
  t.match(await call.lawFirm('GET', `/v1/referrals/${referralId}/state`), {
    status: 200,
    body: { state: 'erased', referralId, reference: acknowledgement.reference },
  })
  const path = `/v1/referrals/${referralId}/messages`
  t.match(await call.lawFirm('GET', path), gone)
  t.match(await call.lawFirm('POST', path, messageOn(world, { envelope, acknowledgement })), gone)
  t.match(await call.ngo('GET', path), { status: 404 })
  const amended = refer(built, lawFirm, { supersedes: referralId })
  await t.rejects(amended, /erased/, 'it cannot be amended')
  t.match(await erase(newId()), { status: 404 })
  t.match(await erase('12345674'), { status: 404 })
})

t.test('a bearer sees that it was erased, and nobody else does', async (t) => {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  await sendPublicly(url, envelope)
  const second = sealedByReceipt(world, keys, { supersedes: referralId })
  await sendPublicly(url, second)
  await untilPaired(sql)
  t.equal((await erase(referralId)).status, 200, 'also one that was amended since')
  const seen = await asBearer(url, keys)
  t.match(seen.body.referrals, [
    { referralId: second.header.referralId, state: 'received' },
    { referralId, state: 'erased' },
  ])
  t.notOk('supersedes' in seen.body.referrals[0], 'the other says of it nothing')
  t.equal((await asBearer(url, receiptKeysOfNobody())).status, 404)
  const read = await fetch(`${url}/v1/receipt/messages?referral=${referralId}`, {
    headers: { authorization: `Receipt ${encodeBase64url(keys.accessTag)}` },
  })
  t.match(
    { status: read.status, body: await read.json() },
    { status: 410, body: { code: 'erased' } },
  )
  const again = await sendPublicly(url, envelope)
  t.match(again, { status: 410, body: { code: 'erased' } })
  const marks = await sql`select receipt_mark from erasure where referral_id = ${referralId}`
  t.not(encodeBase64url(marks[0]!.receipt_mark), keys.receipt)
})

t.test('the other referrals of its case stay one case, and on the queue', async (t) => {
  const [one, two, three] = spellingsOf(7)
  const [first, second, third] = [
    await refer(built, lawFirm, { matching: matchingOf(one!) }),
    await refer(built, ngo, { matching: matchingOf(two!) }),
    await refer(built, lawFirm, { matching: matchingOf(three!) }),
  ]
  await untilPaired(sql)
  const caseId = await caseOf(first!.referralId)
  t.equal(await caseOf(second!.referralId), caseId)
  t.equal(await caseOf(third!.referralId), caseId)
  const held = await claim(first!.referralId)
  t.equal((await erase(second!.referralId)).status, 200)
  await untilPaired(sql)
  t.equal(await caseOf(first!.referralId), await caseOf(third!.referralId))
  const ended = await held.complete([first!.referralId, third!.referralId])
  t.match(ended, { status: 200 })
})

t.test('two that only it connected stay one case', async (t) => {
  const [a, b, c] = [await refer(built), await refer(built), await refer(built)]
  await untilPaired(sql)
  const merge = async (x: typeof a, y: typeof a) =>
    call.casework('POST', `/v1/cases/${await caseOf(x.referralId)}/merge`, {
      otherId: await caseOf(y.referralId),
      note: noteOn(world, x),
    })
  t.equal((await merge(a, b)).status, 200)
  t.equal((await merge(c, b)).status, 200)
  t.equal((await erase(b.referralId)).status, 200)
  t.equal(await caseOf(a.referralId), await caseOf(c.referralId))
  const { body } = await call.casework('GET', `/v1/cases/${await caseOf(a.referralId)}`)
  t.match(body.judgements, [{ basis: 'person', verdict: 'same', bits: [] }])
})

t.test(
  'what others were answered with it can still be taken back, and no list names it',
  async (t) => {
    const [one, two] = spellingsOf(9)
    const head = await refer(built, lawFirm, { matching: matchingOf(one!) })
    const other = await refer(built, ngo, { matching: matchingOf(two!) })
    await untilPaired(sql)
    const held = await claim(head.referralId)
    t.equal((await held.complete([head.referralId, other.referralId])).status, 200)
    t.equal((await erase(head.referralId)).status, 200)
    const lists = await sql`select from triage_item where ${head.referralId} = any (referral_ids)`
    t.equal(lists.length, 0)
    const { reference } = other.acknowledgement
    const reopened = await call.casework('POST', `/v1/triage/items/${reference}/reopening`)
    t.equal(reopened.status, 204, JSON.stringify(reopened.body))
  },
)

t.test('work on it ends, also while somebody holds it', async (t) => {
  const { referralId } = await refer(built)
  const held = await claim(referralId)
  t.equal((await erase(referralId)).status, 200)
  t.match(await held.complete([referralId]), { status: 409, body: { code: 'lease-lost' } })
})

t.test('nothing under a legal hold is erased', async (t) => {
  const { referralId } = await accepted()
  const hold = (method: string, query = '') =>
    call.casework(method, `/v1/referrals/${referralId}/hold${query}`)
  t.equal((await hold('PUT', '?reason=complaint')).status, 204)
  const refused = await erase(referralId)
  t.match(refused, { status: 409, body: { code: 'erasure-refused', detail: /complaint/ } })
  const insert = sql.begin(async (tx) => {
    await tx`set local role intake_internal`
    await tx`
      insert into erasure values (${referralId}, date_trunc('milliseconds', now()), 'person', ${newId()})`
  })
  await t.rejects(insert, { code: '42501' }, 'nor by a statement that forgot it')
  t.equal((await hold('PUT', '?reason=litigation')).status, 204, 'the reason may change')
  t.equal((await hold('PUT', '?reason=whatever')).status, 400)
  t.equal((await hold('DELETE')).status, 204)
  t.equal((await hold('DELETE')).status, 204)
  t.equal((await erase(referralId)).status, 200)
})

t.test('for seven days after its bearer asked to withdraw it nothing is erased', async (t) => {
  const keys = receiptKeysOfNobody()
  const { referralId } = await sendPublicly(url, sealedByReceipt(world, keys)).then(
    ({ body }) => body,
  )
  await asBearer(url, keys, 'POST', { referralId })
  t.match(await erase(referralId), {
    status: 409,
    body: { code: 'erasure-refused', detail: /nothing of it is erased before/ },
  })
  const ago = (days: string) => sql`
    with moved as (
      update withdrawal set kept_until = kept_until - ${days}::interval where referral_id = ${referralId}
      returning entry_id)
    select from moved`
  await ago('6 days 23 hours')
  t.equal((await erase(referralId)).status, 409)
  await ago('2 hours')
  t.equal((await erase(referralId)).status, 200)
})

t.test('the eraser takes nothing of what is not erased, and is nobody else', async (t) => {
  const { referralId } = await refer(built)
  const as = (role: string, statement: string) =>
    sql.begin(async (tx) => {
      await tx`select set_config('role', ${role}, true)`
      return (await tx.unsafe(statement)).count
    })
  for (const [table, columns] of Object.entries({ ...goingTables, triage_item: ['referral_id'] })) {
    const where = columns.map((column) => `${column} = '${referralId}'`).join(' or ')
    t.equal(await as('intake_eraser', `delete from ${table} where ${where}`), 0, table)
  }
  t.equal(await as('intake_eraser', 'delete from triage_attempt where item_id is not null'), 0)
  const emptied = "set state = 'erased', signature = ''"
  t.equal(await as('intake_eraser', `update referral ${emptied} where id = '${referralId}'`), 0)
  const sealed = as('intake_eraser', 'select sealed from compartment')
  await t.rejects(sealed, { code: '42501' }, 'it reads nothing')
  const half = sql.begin(async (tx) => {
    await tx`set local role intake_internal`
    await tx`
      insert into erasure values (${referralId}, date_trunc('milliseconds', now()), 'person', ${newId()})`
    await tx`set local role intake_eraser`
    await tx`update referral set signature = '' where id = ${referralId}`
  })
  await t.rejects(half, { code: '42501' }, 'and empties nothing that stays in its state')
  const staff = as(
    'intake_internal',
    `update referral set state = 'erased' where id = '${referralId}'`,
  )
  await t.rejects(staff, { code: '23514' })
})
