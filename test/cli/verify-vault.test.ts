/**
 * Goal: whatever is spoilt of what is stored is named, one byte of it or a whole row, and so is what is gone.
 * Method: real referrals, stored over HTTP; then each column is spoilt by the hand of whoever holds the whole
 * database, past every constraint, and put back after it was found.
 */
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { verifyVault } from '../../src/vault/verification.ts'
import { build } from '../helpers/build.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired, untilSequenced } from '../helpers/superuser.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import { called } from './run.ts'

const built = await build(t)
const { world, url, database, databases } = built
const sql = asSuperuser(t, databases)
const { lawFirm, ngo } = world.referring

const matching = matchingOf(stranger())
const { referralId: plain } = await refer(built, lawFirm, { matching })
const { referralId: amendment } = await refer(built, lawFirm, { supersedes: plain })
const byReceipt = sealedByReceipt(world, receiptKeysOfNobody())
await sendPublicly(url, byReceipt)
const open = byReceipt.header.referralId
// Of one page more than fits, so that what lies behind the first is seen too.
for (let count = 0; count < 14; count += 1) await refer(built, ngo)
const { referralId: lent } = await refer(built, ngo)
const volunteer = await addVolunteer(built, ['clinical', 'interpreting'])
const reader = createReader({
  ...{ url, trust: world.trust, recipient: world.recipients.casework },
  token: () => world.token(world.clients.casework),
})
await reader.grant(lent, { to: 'Volunteer', compartments: ['clinical'] })
await reader.revokeGrant(lent, 'Volunteer')
await reader.grant(lent, { to: 'Volunteer', compartments: ['clinical'] })
await untilPaired(sql)
await untilSequenced(sql)

const verified = () => verifyVault(database, () => {})

/** A statement past foreign keys, which whoever holds the database does not mind. */
async function force(...statements: string[]): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica')
    for (const statement of statements) await tx.unsafe(statement)
  })
}

/** Does `act` with a table spoilt, and puts every row back. */
async function spoilt<T>(table: string, statement: string, act: () => Promise<T>): Promise<T> {
  const columns = await sql`
    select quote_ident(column_name) as name from information_schema.columns
    where table_name = ${table} and table_schema = 'public' and is_generated = 'NEVER'`
  const all = columns.map(({ name }) => name).join(', ')
  await force(`create table saved as table ${table}`, statement)
  const found = await act()
  await force(
    `delete from ${table}`,
    `insert into ${table} (${all}) select ${all} from saved`,
    'drop table saved',
  )
  return found
}

const flip = (column: string, at: number) =>
  `${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 1)`
const anNgo = `'${ngo.organisationId}'`
const ofAnother = `encode(set_byte(receipt_hash, 31, get_byte(receipt_hash, 31) # 1), 'hex') || ' ' || signer`
const referral = (set: string, id = plain) => `update referral set ${set} where id = '${id}'`
const part = (table: string, set: string) =>
  `update ${table} set ${set} where referral_id = '${plain}'`
const kid = world.recipients.casework.receiving.kid
const wrap = (set: string) => `${part('wrap', set)} and kid = '${kid}'`
const entry = `(select entry_id from referral where id = '${plain}')`

const to = volunteer.grantee.kid
const grant = (set: string) =>
  `update wrap set ${set} where referral_id = '${lent}' and kid = '${to}'`
const given = `(select id from audit_entry where action = 'grant.given' order by at desc limit 1)`

type Row = [table: string, statement: string, what: string, id?: string]
const rows: Row[] = [
  ['referral', referral(`organisation_id = ${anNgo}, sender = ${anNgo}`), 'organisation_id: '],
  ['referral', referral(`reference = '00000000'`), 'reference: '],
  ['referral', referral(`received_at = received_at + interval '1 ms'`), 'received_at: '],
  ['referral', referral(flip('header', 40)), 'header, matching_hash or receipt_hash: '],
  ['referral', referral(flip('matching_hash', 0)), 'header, matching_hash or receipt_hash: '],
  ['referral', referral('matching_hash = null'), 'header, matching_hash or receipt_hash: '],
  [
    'referral',
    referral(`${flip('receipt_hash', 31)}, sender = ${ofAnother}`, open),
    'header, matching_hash or',
    open,
  ],
  ['referral', referral('keyset_version = 2'), 'keyset_version: '],
  ['referral', referral(`signer = '${ngo.signing.kid}'`), 'signer: '],
  ['referral', referral(flip('signature', 63)), 'signature: '],
  ['referral', referral(flip('signature', 0), open), 'signature: ', open],
  ['referral', referral(`signature = '\\x00'`), 'signature: '],
  ['referral', referral(flip('envelope_hash', 0)), 'envelope_hash: '],
  ['referral', referral(flip('sealed_hashes', 30)), 'sealed_hashes: '],
  ['referral', referral(`sealed_hashes = '\\x00'`), 'sealed_hashes: '],
  ['referral', referral(flip('wrap_hashes', 30)), 'wrap_hashes: '],
  ['referral', referral('supersedes = null', amendment), 'supersedes: ', amendment],
  ['referral', referral(`entry_id = '${newId()}'`), 'entry_id: the log has no such'],
  [
    'referral',
    referral(`entry_id = (select entry_id from referral where id = '${open}')`),
    'id, or entry_id: ',
  ],
  [
    'referral',
    referral(`entry_id = (select id from audit_entry where action = 'keyset.published')`),
    'entry_id: the entry is of another act',
  ],
  ['compartment', part('compartment', `names[1] = 'else'`), 'compartment '],
  ['compartment', part('compartment', flip('sealed[3]', 500)), 'compartment '],
  [
    'compartment',
    part('compartment', `names = names || 'more'::text, sealed = sealed || '\\x00'::bytea`),
    'compartment: there is one more',
  ],
  ['compartment', `delete from compartment where referral_id = '${plain}'`, 'compartment '],
  ['wrap', wrap(`kid = '${'x'.repeat(22)}'`), `wrap ${kid}: it is missing`],
  ['wrap', wrap(flip('encapsulated', 1000)), `wrap ${kid}: it is not what was sealed`],
  ['wrap', wrap(flip('sealed_keys', 0)), `wrap ${kid}: it is not what was sealed`],
  ['wrap', `delete from wrap where referral_id = '${plain}'`, 'wrap '],
  ['wrap', grant(flip('sealed_keys', 0)), `grant to ${to}: its signature`, lent],
  ['wrap', grant(`granted_compartments = '{identity}'`), `grant to ${to}: its signature`, lent],
  ['wrap', grant(`granted_until = '2099-01-01T00:00:00Z'`), `grant to ${to}: its signature`, lent],
  ['wrap', grant(`granted_by = '${ngo.signing.kid}'`), `grant to ${to}: no recipient`, lent],
  ['wrap', grant(`ends_at = ends_at + interval '1 ms'`), `grant to ${to}: ends_at: it is l`, lent],
  ['wrap', grant('ends_at = null'), `grant to ${to}: ends_at: it is later`, lent],
  ['wrap', grant(`ends_at = ends_at - interval '1 ms'`), `grant to ${to}: ends_at is not`, lent],
  [
    'wrap',
    `delete from wrap where referral_id = '${lent}' and kid = '${to}'`,
    `grant to ${to}: it is missing`,
    lent,
  ],
  [
    'audit_entry',
    `delete from audit_entry where id = ${given}`,
    `grant to ${to}: the log does`,
    lent,
  ],
  [
    'audit_opening',
    `update audit_opening set details = '{"to":"${to}"}' where entry_id = ${given}`,
    'an entry of a grant: ',
    lent,
  ],
  [
    'audit_opening',
    `update audit_opening set details = '{"reference":"00000000"}' where entry_id = ${entry}`,
    'its entry: what stands beside it',
  ],
  ['audit_entry', `update audit_entry set ${flip('leaf', 60)} where id = ${entry}`, 'its entry: '],
  [
    'audit_index',
    `delete from audit_index where entry_id = ${entry}`,
    'its entry: it is not in the tree',
  ],
  [
    'audit_tile',
    `update audit_tile set hashes = decode(repeat('00', octet_length(hashes)), 'hex') where level = 0`,
    'its entry: it is not in the tree',
  ],
]

t.test('what is as it was acknowledged is found so', async (t) => {
  const steps: number[] = []
  const found = await verifyVault(database, (total) => steps.push(total))
  t.same(found, { referrals: 18, wrong: 0, missing: 0 })
  t.same(steps, [3, 3, 3], 'two pages of referrals, and one of the log')
})

for (const [table, statement, what, id = plain] of rows) {
  t.test(`${table} is spoilt: ${what}`, async (t) => {
    const { first, wrong, missing } = await spoilt(table, statement, verified)
    t.ok(wrong >= 1)
    t.equal(missing, 0)
    if (table !== 'audit_tile') t.equal(wrong, 1)
    if (table !== 'audit_tile') t.equal(first?.referralId, id)
    t.equal(first?.what.slice(0, what.length), what)
    t.same(await verified(), { referrals: 18, wrong: 0, missing: 0 }, 'and is whole again')
  })
}

t.test('one under another id is wrong, and the one that the log names is missing', async (t) => {
  const other = newId()
  const found = await spoilt('referral', referral(`id = '${other}'`), verified)
  const what = 'id, or entry_id: the entry names another referral'
  t.same(found, { referrals: 18, wrong: 1, missing: 1, first: { referralId: other, what } })
})

t.test('the command says so, with 1, and leaves an entry', async (t) => {
  const host = {
    ...{ DATABASE_OWNER_URL: databases.ownerUrl, ORIGIN: world.origin },
    DATABASE_URL: databases.url,
  }
  const run = (...flags: string[]) => called(t, ['admin', 'verify-vault', ...flags], host)
  const whole = await run()
  t.equal(whole.code, 0, whole.err)
  t.match(
    whole.out,
    /^Stored referrals in .*\n {2}seen +18\n {2}wrong +0\n {2}missing +0\nEach is as/,
  )
  const spoil = `delete from referral where id = '${plain}'`
  const dropped = await spoilt('referral', spoil, () => run('--json'))
  t.equal(dropped.code, 1, dropped.err)
  const first = { referralId: plain, what: 'the log says that it was stored, and it is not there' }
  t.match(JSON.parse(dropped.out), { referrals: 17, wrong: 0, missing: 1, first })
  const told = await spoilt('referral', spoil, () => run())
  t.match(told.out, new RegExp(`missing  1\nThe first .* is ${plain}:\n  the log says`))
  t.notMatch(told.out, /Each is as/)
  const blind = await called(t, ['admin', 'verify-vault'], { ...host, DATABASE_URL: '' })
  t.match(blind, { code: 1, err: /DATABASE_URL is not set/ })
  const entries = await sql`
    select outcome from audit_entry where action = 'vault.verified' order by at, id`
  t.same(
    entries.map(({ outcome }) => outcome),
    ['permitted', 'permitted', 'permitted', 'failed'],
  )
})

t.test('what was erased is as it should be, and what was only emptied is named', async (t) => {
  const casework = await callerOf(world, url, world.clients.casework)
  for (const id of [plain, open]) {
    t.equal((await casework('POST', `/v1/referrals/${id}/erasure`)).status, 200)
  }
  await untilSequenced(sql)
  t.match(await verified(), { wrong: 0, missing: 0 })
  const unsaid = `delete from erasure where referral_id = '${plain}'`
  const found = await spoilt('erasure', unsaid, verified)
  t.match(found.first, {
    referralId: plain,
    what: /^state: it is erased, and the log has no entry/,
  })
  const other = `update erasure set entry_id = (select entry_id from referral where id = '${plain}')
    where referral_id = '${plain}'`
  t.match((await spoilt('erasure', other, verified)).first?.what, /the entry is of another act/)
  const [before] = await sql`select supersedes from referral where id = ${amendment}`
  t.equal(before?.supersedes, null, 'the link to what it amended is gone, and that is right')
})

t.test('of what retention has emptied, and of what has ended, nothing is said', async (t) => {
  const emptied = `update audit_opening set details = null, details_salt = null where entry_id = ${given}`
  t.match(await spoilt('audit_opening', emptied, verified), { wrong: 0 })
  t.match(await spoilt('wrap', grant('ends_at = now()'), verified), { wrong: 1 }, 'before its time')
  const { referralId } = await refer(built, ngo)
  const until = new Date(Date.now() + 1_000)
  await reader.grant(referralId, { to: 'Volunteer', compartments: ['clinical'], until })
  // While it stands, once it has ended, and after it was deleted.
  for (let isDeleted = false; !isDeleted; ) {
    const ended = await sql`select from audit_entry where action = 'grant.ended'`
    isDeleted = ended.length > 0
    t.match(await verified(), { wrong: 0, missing: 0 })
  }
})
