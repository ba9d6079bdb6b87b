/**
 * Goal: a volunteer clinician reads the two compartments that were granted, for a while, and nothing else; and whoever
 * follows somebody that leaves reads what was theirs, and the one who left nothing any more.
 * Method: every step by the commands that operator, caseworker, clinician and law firm type, against a service.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openKeyFile, sealKeyFile } from '../../src/client/index.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { called, folderOf, partyOf, unbroken } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf } from '../helpers/referral.ts'
import { asSuperuser, untilPaired, untilSequenced } from '../helpers/superuser.ts'

const built = await build(t)
const { url, world, databases } = built
const sql = asSuperuser(t, databases)
t.afterEach(() => requireBalanced(sql))

const folder = await folderOf(t)
const file = (name: string) => join(folder, name)
const onHost = { DATABASE_OWNER_URL: databases.ownerUrl, DATABASE_URL: databases.url }
const host = { ...onHost, ORIGIN: world.origin, DATA_DIR: folder }
/** A command that must succeed, on the host or wherever a key is. */
async function done(...args: string[]): Promise<string> {
  const { code, out, err } = await called(t, args, host)
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`)
  return out
}
const put = (name: string, text: string) => writeFile(file(name), text, { mode: 0o600 })
await put('directory.key', sealKeyFile({ signing: world.directoryKey }, undefined))
await put('root.key', sealKeyFile({ signing: world.roots[0] }, undefined))
await put('trust.json', JSON.stringify(world.trust))

const { lawFirm, telephone } = world.referring
const party = (clientId: string, keys: Parameters<typeof partyOf>[1]['keys']) =>
  partyOf(t, { url, world, clientId, keys })
const firm = await party(lawFirm.clientId, { signing: lawFirm.signing })
const casework = await party(world.clients.casework, world.recipients.casework)
const by = async ({ environment }: typeof firm, ...args: string[]) =>
  unbroken(await called(t, args, environment))

let people = 0
/** Sends one with a word in each of four compartments. */
async function refer(): Promise<string> {
  people += 1
  const referral = {
    identity: { familyName: `Okonkwo ${people}` },
    clinical: { torture: { details: 'Cables, and falaka.' } },
    interpreting: { callName: 'Zuleika' },
    narrative: { story: 'She was held for nine days.' },
  }
  const draft = { channel: 'legal_representative', region: 'kent', referral }
  await put('draft.json', JSON.stringify(draft))
  const { code, out, err } = await by(firm, 'refer', file('draft.json'), '--json')
  if (code !== 0) throw new Error(err)
  await untilPaired(sql)
  return JSON.parse(out).results[0].reference
}

/** A key of somebody's own, and what is handed over of it. */
async function newKey(name: string) {
  await done(
    'keys',
    'generate',
    '--no-passphrase',
    '--kind',
    'recipient',
    '--out',
    file(`${name}.key`),
  )
  const { kid } = JSON.parse(await readFile(file(`${name}.pub`), 'utf8'))
  return { kid: kid as string, keys: openKeyFile(await readFile(file(`${name}.key`), 'utf8')) }
}
async function newClient(label: string, kid: string, ...scopes: string[]): Promise<string> {
  const flags = ['--organisation', telephone.organisationId, '--label', label, '--kind', 'internal']
  const added = await done('admin', 'client', 'add', ...flags, ...scopes, `--kid=${kid}`, '--json')
  return JSON.parse(added).clientId
}
async function publishDirectory(version: string, ...changes: string[]) {
  const [draft, signed] = [file(`directory-${version}.json`), file(`directory-${version}.jws`)]
  await done('directory', 'draft', '--out', draft, ...changes)
  await done('directory', 'sign', draft, '--key', file('directory.key'), '--yes', '--out', signed)
  await done('directory', 'publish', signed)
}
const entriesOf = async (action: string) =>
  (await sql`select object_id from audit_entry where action = ${action} and outcome = 'permitted'`)
    .length

t.test('a clinician opens two compartments, until it is taken back or has ended', async (t) => {
  const { kid, keys } = await newKey('clinician')
  const listed = ['--label', 'Dr Mensah', '--compartments', 'clinical,interpreting']
  await publishDirectory('2', '--grantee', file('clinician.pub'), ...listed)
  const clientId = await newClient('Dr Mensah', kid, '--scope', 'referrals:open')
  const clinician = await party(clientId, keys)
  const [reference, other] = [await refer(), await refer()]
  t.match(await by(clinician, 'open', reference), { code: 1, err: /no referral/ })

  const two = ['--to', 'Dr Mensah', '--compartments', 'clinical,interpreting']
  const given = await by(casework, 'grant', reference, ...two)
  t.match(given, { code: 0, out: /Dr Mensah may open interpreting, clinical, until/ }, given.err)
  const [row] = await sql`
    select (ends_at - now()) > interval '13 days' and (ends_at - now()) <= interval '14 days' as fits
    from wrap where kid = ${kid}`
  t.ok(row?.fits, 'for 14 days')

  const opened = await by(clinician, 'open', reference)
  t.match(opened, { code: 0, out: /falaka/ }, opened.err)
  t.match(opened.out, /Zuleika/)
  t.notMatch(opened.out, /Okonkwo|nine days/)
  const { compartments } = JSON.parse((await by(clinician, 'open', reference, '--json')).out)
  t.strictSame(Object.keys(compartments).sort(), ['clinical', 'interpreting'])
  t.match(await by(clinician, 'open', other), { code: 1, err: /no referral/ }, 'that one, no other')
  for (const args of [['claim'], ['case', reference], ['messages', reference], ['mine']]) {
    t.match(await by(clinician, ...args), { code: 1, err: /scope/ }, `not: ${args.join(' ')}`)
  }
  const wider = ['--to', 'Dr Mensah', '--compartments', 'clinical,identity']
  t.match(await by(casework, 'grant', other, ...wider), { code: 1, err: /identity/ })

  t.match(await by(casework, 'revoke', reference, '--to', 'Dr Mensah'), { code: 0 })
  t.match(await by(clinician, 'open', reference), { code: 1, err: /no referral/ }, 'taken back')
  t.match(await by(casework, 'grant', other, ...two), { code: 0 })
  t.match(await by(clinician, 'open', other), { code: 0 })
  await sql`update wrap set ends_at = now() where kid = ${kid}`
  t.match(await by(clinician, 'open', other), { code: 1, err: /no referral/ }, 'ended')

  await publishDirectory('3', `--without=${kid}`)
  const gone = await by(casework, 'grant', other, '--to', kid, '--compartments', 'clinical')
  t.match(gone, { code: 1, err: /no reader/ }, 'who is listed no more is granted nothing')
})

t.test('a directory is drafted only with grantees that it could have', async (t) => {
  await newKey('interpreter')
  const grantee = ['--grantee', file('interpreter.pub')]
  const whole = [...grantee, '--label', 'Ana', '--compartments', 'interpreting']
  const faults: [string[], RegExp][] = [
    [grantee, /--label is missing behind --grantee/],
    [[...grantee, '--label', 'Ana'], /--compartments is missing behind --grantee/],
    [['--label', 'Ana', ...grantee], /--label stands behind the --grantee/],
    [[...whole, '--until', 'Friday'], /--until is not a time/],
    [[...whole, ...whole], /named twice/],
    [['--without', 'A'.repeat(22)], /--without takes the id of a grantee/],
    [['--grantee', file('directory.key'), ...whole.slice(2)], /name the .pub file/],
  ]
  for (const [flags, err] of faults) {
    const refused = await called(
      t,
      ['directory', 'draft', '--out', file('no.json'), ...flags],
      host,
    )
    t.match(refused.err, err, flags.join(' '))
    t.not(refused.code, 0)
  }
  await t.rejects(readFile(file('no.json')))
  await done('directory', 'draft', '--out', file('one.json'), ...whole, '--until', '2031-01-01')
  const { grantees } = JSON.parse(await readFile(file('one.json'), 'utf8'))
  t.match(grantees.at(-1), { label: 'Ana', until: '2031-01-01T00:00:00.000Z' })
})

t.test('a leaver: all is passed on, and what comes after is not theirs', async (t) => {
  const before = [await refer(), await refer(), await refer()]
  const oldKid = world.recipients.casework.receiving.kid
  const { kid, keys } = await newKey('casework-2')
  const asFirm = await callerOf(world, url, lawFirm.clientId)
  await put('keyset-1.jws', (await asFirm('GET', '/v1/keyset')).body.keyset)

  await put('message.txt', 'Her flight is on Friday.')
  t.match(await by(firm, 'reply', before[0]!, '--file', file('message.txt')), { code: 0 })
  t.match(await by(casework, 'messages', before[0]!), { code: 0, out: /on Friday/ })

  t.comment('the keyset, with another in their place, as docs/OPERATIONS.md says')
  const follower = ['--recipient', file('casework-2.pub'), '--label', 'Casework']
  const all = ['--compartments', compartmentNames.join(','), `--without=${oldKid}`]
  const beside = ['--beside', file('keyset-1.jws'), '--out', file('changes.json')]
  await done('keyset', 'changes', ...beside, ...follower, ...all)
  const draft = file('keyset-2.json')
  await done('keyset', 'draft', '--changes', file('changes.json'), '--out', draft)
  const signing = ['--key', file('root.key'), '--previous', file('keyset-1.jws'), '--yes']
  await done('keyset', 'sign', draft, ...signing, '--out', file('keyset-2.jws'))
  await done('keyset', 'publish', file('keyset-2.jws'), '--trust', file('trust.json'))
  const successor = await party(await newClient('Casework app 2', kid), keys)

  t.match(await by(successor, 'open', before[0]!), { code: 1, err: /no referral/ })
  const open = await sql`select id from referral where state <> 'erased'`
  const rotated = await by(casework, 'rotate-key', '--to', 'Casework')
  t.match(rotated, { code: 0, out: `${open.length} passed on to Casework, 0 left\n` }, rotated.err)
  const [bare] = await sql`
    select count(*)::int as count from referral r
    where not exists (select from wrap w where w.referral_id = r.id and w.kid = ${kid})`
  t.equal(bare?.count, 0, 'every referral has a wrap for the key that follows')
  for (const reference of before) t.match(await by(successor, 'open', reference), { code: 0 })
  const opened = await by(successor, 'open', before[0]!, '--json')
  t.strictSame(
    Object.keys(JSON.parse(opened.out).compartments).sort(),
    [...compartmentNames].sort(),
  )

  const after = await refer()
  t.match(await by(casework, 'open', after), { code: 1, err: /no referral/ }, 'sealed to others')
  t.match(await by(successor, 'open', after), { code: 0 })
  t.match(await by(successor, 'claim', '--max', '50'), { code: 0 }, 'and works on what it opens')

  t.comment('what was written before, the recovery key reads, and the one that follows does not')
  t.notMatch((await by(successor, 'messages', before[0]!)).out, /on Friday/)
  const { recovery } = world.recipients
  const holder = await party(await newClient('Recovery', recovery.receiving.kid), recovery)
  t.match(await by(holder, 'messages', before[0]!), { code: 0, out: /on Friday/ })

  const revoked = await by(casework, 'rotate-key', '--to', 'Casework', '--revoke')
  t.match(revoked, { code: 0, out: `${open.length} wraps of the key that goes were deleted` })
  for (const reference of before) {
    t.match(await by(casework, 'open', reference), { code: 1, err: /no referral/ })
    t.match(await by(successor, 'open', reference), { code: 0 })
  }
  t.equal(await entriesOf('wrap.deleted'), open.length, 'an entry each')
  await done('admin', 'client', 'disable', world.clients.casework)
  t.match(await by(casework, 'open', before[0]!), { code: 1 })

  await untilSequenced(sql)
  t.match(await done('admin', 'verify-vault'), /wrong +0\n +missing +0\nEach is as/)
})
