/**
 * Goal: an auditor learns from the command line who opened a referral and who tried, by names, and
 * nothing that somebody else wrote acts on the terminal or the spreadsheet it is shown in.
 */
import t from 'tap'
import { append } from '../../src/audit/service.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { called, tooWide, unbroken } from './run.ts'

const built = await build(t)
const { world, url } = built
const { casework, clinic, auditor } = world.clients
const sql = asSuperuser(t, built.databases)
const environment = { INTAKE_URL: url, INTAKE_TOKEN: await world.token(auditor) }
const ask = async (...args: string[]) => called(t, ['audit', ...args], environment)
const told = async (...args: string[]) => unbroken(await ask(...args)).out

const { referralId, acknowledgement } = await refer(built)
const reference = String(acknowledgement.reference)
const other = await refer(built)
const kidOf = (name: 'casework' | 'clinic') => world.recipients[name].receiving!.kid
const openAs = async (clientId: string, kid: string) => {
  const call = await callerOf(world, url, clientId)
  return (await call('GET', `/v1/referrals/${referralId}?recipient=${kid}`)).status
}
const answers = [await openAs(casework, kidOf('casework')), await openAs(clinic, kidOf('casework'))]
await untilPaired(sql)
const labels = async (client: string) => {
  const [row] = await sql`select c.label as client, o.label as organisation
    from client c join organisation o on o.id = c.organisation_id where c.id = ${client}`
  return `${row!.client} (${row!.organisation})`
}
const names = { casework: await labels(casework), clinic: await labels(clinic) }

t.test('who opened a referral, and who tried, are told by name', async (t) => {
  t.same(answers, [200, 403])
  for (const name of [reference, referralId]) {
    const out = await told('--referral', name)
    t.ok(out.startsWith(`Opened by: ${names.casework}.\nRefused, or failed: ${names.clinic}.\n`))
    t.match(out, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}referral\.submitted by /)
    t.notOk(out.includes(other.referralId))
  }
  t.same(tooWide((await ask('--referral', reference)).out), [])
})

t.test('an untouched referral was opened by nobody', async (t) => {
  t.match(await told('--referral', other.referralId), /^Opened by: nobody\.\n/)
})

t.test('of a part of what there is nobody is told that nobody opened it', async (t) => {
  const narrowed = [
    ['--refused'],
    ['--until', '2099-01-01'],
    ['--since', 'today'],
    ['--limit', '1'],
  ]
  narrowed.push(['--who', names.clinic.slice(0, 4)], ['--action', 'referral.submitted'])
  for (const args of narrowed) {
    const out = await told('--referral', reference, ...args)
    t.notMatch(out, /Opened by/, args.join(' '))
    t.match(out, /referral\./, args.join(' '))
  }
})

t.test('the bearer of a receipt is called that', async (t) => {
  const caller = { kind: 'bearer', request: newId(), receipt: new Uint8Array(32) } as const
  await built.database.inTransaction(caller, (tx) => append(tx, { action: 'receipt.read' }))
  t.match(await told('--action', 'receipt.read'), / receipt\.read by the bearer of a receipt\n/)
})

t.test('it is narrowed by day, outcome, name and action', async (t) => {
  const json = async (...args: string[]) => JSON.parse((await ask('--json', ...args)).out)
  const refused = await json('--refused', '--since', 'yesterday')
  t.match(refused.entries, [{ action: 'referral.opened', outcome: 'refused' }])
  t.equal(refused.entries.length, 1)
  const who = await json('--who', names.clinic.slice(0, 4).toUpperCase(), '--since', 'today')
  t.same([...new Set(who.entries.map((entry: Named) => entry.opening.actor?.client))], [clinic])
  t.equal((await json('--action', 'referral.submitted')).entries.length, 2)
  t.same(await json('--until', '2020-01-01'), { entries: [], more: false })
  const one = await json('--action', 'referral.submitted', '--limit', '1')
  t.match([one.entries.length, one.more, one.entries[0].object.id], [1, true, other.referralId])
  t.match(await told('--action', 'referral.submitted', '--limit', '1'), /more than 1: give --limit/)
})

type Named = { opening: { actor?: { client: string } } }

t.test('a wrong call is refused before anything is sent', async (t) => {
  for (const args of [
    ['--since', 'last week'],
    ['--referral', reference.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))],
    ['--referral', 'somebody'],
    ['--csv', '--json'],
    ['--limit', '0'],
  ]) {
    t.equal((await ask(...args)).code, 2, args.join(' '))
  }
})

t.test('a label that moves the cursor or begins a formula is only shown', async (t) => {
  const label = '=1+1\u001b[2J\nOpened by: nobody.'
  await sql`update audit_opening set client_label = ${label} where client_id = ${casework}`
  const { code, out } = unbroken(await ask('--referral', referralId))
  t.notOk(out.includes('\u001b'))
  t.equal(out.match(/^Opened by/gm)?.length, 1)
  t.match(out, /Opened by: =1\+1\\u\{1b\}/)
  t.match(out, /NOT INTACT/, 'and that it was changed is said')
  t.equal(code, 1)
  const csv = (await ask('--csv', '--referral', referralId, '--action', 'referral.opened')).out
  t.match(csv, /^time,action,outcome,reason,who,about,intact,id\n/)
  t.match(csv, /,'=1\+1\\u\{1b\}\[2J/)
})

t.test('who may not read the log is told so', async (t) => {
  const token = await world.token(casework)
  t.match(await called(t, ['audit'], { INTAKE_URL: url, INTAKE_TOKEN: token }), {
    code: 1,
    out: '',
  })
})
