/**
 * Goal: nothing that the owner of the database does by a command is without an entry, done or refused.
 * Method: each command of the host's table is called once so that it succeeds and once so that it does not,
 * and what was added to the log is read. A command that has no row here fails the first test.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { hostCommands } from '../../src/cli/host/commands.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { fingerprintOf } from '../../src/protocol/partner/block.ts'
import { changeBlock, makeChange } from '../../src/protocol/partner/change.ts'
import { clientJwkOf, generateClientKey } from '../../src/protocol/partner/clientkey.ts'
import { makeRequest, requestBlock } from '../../src/protocol/partner/request.ts'
import { signDirectory } from '../../src/protocol/trust/directory.ts'
import { signKeyset } from '../../src/protocol/trust/keyset.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { called, folderOf } from './run.ts'

const built = await build(t)
const { world, url, databases } = built
const sql = asSuperuser(t, databases)
const folder = await folderOf(t)
const host = {
  ...{ DATABASE_OWNER_URL: databases.ownerUrl, ORIGIN: world.origin },
  DATABASE_URL: databases.url,
  ...{ TOKEN_KEY_FILE: join(built.folder, 'token-key.pem'), DATA_DIR: folder },
}

/** What has no entry, and why. */
const unrecorded: Record<string, string> = {
  'admin migrate': 'makes the log itself',
  'admin token-key': 'writes a file, and asks no database',
  'admin token-seal': 'writes a file, and asks no database',
  'matching-key serve': 'is a service: the one that it serves has the entries',
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  await writeFile(path, text, { mode: 0o600 })
  return path
}

let drafts = 0
const draft = (command: string) => () => {
  drafts += 1
  return [...command.split(' '), '--out', join(folder, `draft-${drafts}.json`)]
}

async function without(table: string, act: () => Promise<unknown>): Promise<void> {
  await sql.unsafe(`alter table ${table} rename to away`)
  await act()
  await sql.unsafe(`alter table away rename to ${table}`)
}

const trust = await file('trust.json', world.trust)
const { lawFirm } = world.referring
const { casework } = world.clients
const nobody = newId()
const keys = () => ({
  signing: generateSigningKey(),
  reply: generateRecipientKey(),
  client: generateClientKey(),
})
const clientHalf = () => file(`${newId()}.pub`, clientJwkOf(generateClientKey()))
const signingHalf = await file('signing.pub', halfOf(generateSigningKey()))
function halfOf({ kid, publicKey }: ReturnType<typeof generateSigningKey>) {
  return { kid, alg: 'Ed25519', publicKey: encodeBase64url(publicKey) }
}

const partnerKeys = keys()
const request = makeRequest('Kessingland Law', partnerKeys, new Date())
const partnerAdd = async (out: string) => [
  ...['admin', 'partner', 'add', await file('request.txt', requestBlock(request))],
  ...['--url', url, '--trust', trust, '--out', join(folder, out)],
  ...['--fingerprint', fingerprintOf(request)],
]
let rotation: readonly string[] | undefined
async function partnerRotate() {
  if (rotation) return rotation
  const [row] = await sql`select id from client where label = 'Kessingland Law'`
  const change = makeChange(row?.id, partnerKeys, keys(), new Date())
  const block = await file('change.txt', changeBlock(change))
  rotation = ['admin', 'partner', 'rotate', block, '--fingerprint', fingerprintOf(change)]
  return rotation
}

const directoryPublish = async () => {
  const next = await onHost(built, (host) => host.draftDirectory(world.origin))
  const jws = await file('d.jws', signDirectory(next, world.directoryKey))
  return ['directory', 'publish', jws]
}
const keysetPublish = async (version: number) => {
  const newest = await onHost(built, (host) => host.newestKeyset())
  const issuedAt = new Date().toISOString()
  const next = { ...world.keyset, version, previous: newest!.sha256, issuedAt }
  const jws = await file('k.jws', signKeyset(next, world.roots[0]))
  return ['keyset', 'publish', jws, '--trust', trust]
}

type Words = readonly string[] | Promise<readonly string[]>
type Row = {
  /** Succeeds, with an entry of each of these actions. */
  readonly done: () => Words
  readonly actions: readonly string[]
  /** Does not succeed, with one entry of the action. */
  readonly undone: () => Words
  readonly action: string
  /** The table, or the setting, without which it cannot succeed, where nothing is refused. */
  readonly missing?: string
  readonly unset?: string
}

const words = (text: string) => () => text.split(' ')
function row(action: string, done: Row['done'], undone: Row['undone'], also: string[] = []): Row {
  return { done, undone, action, actions: [action, ...also] }
}
function unrefused(action: string, done: Row['done'], missing: string): Row {
  return { ...row(action, done, done), missing }
}
const once = (made: Promise<readonly string[]>) => () => made

const firm = lawFirm.organisationId
const client = (kind: string) => [
  ...`admin client add --organisation ${firm} --kind ${kind} --label App`.split(' '),
  ...['--scope', 'referrals:submit'],
]
const ownHalf = clientHalf()
const clientKey = ownHalf.then((half) => [
  ...`admin client-key add --client ${casework} --public-key`.split(' '),
  half,
])
const auditorHalf = clientHalf()
const auditor = auditorHalf.then((half) => [
  ...'admin auditor add --label Oversight --public-key'.split(' '),
  ...[half, '--url', url],
])
const signingKey = `admin signing-key add --organisation ${firm} --public-key ${signingHalf}`
const token = (id: string) => `admin token --client ${id} --out ${folder}/token`
const partnerActions = ['organisation.added', 'signing-key.added', 'client-key.added']
const rotated = ['signing-key.added', 'signing-key.ended', 'client-key.ended']

const rows: Record<string, Row> = {
  'admin organisation add': row(
    'organisation.added',
    () => ['admin', 'organisation', 'add', 'A firm'],
    () => ['admin', 'organisation', 'add', 'two\nlines'],
  ),
  'admin organisation disable': row(
    'organisation.disabled',
    words(`admin organisation disable ${world.referring.ngo.organisationId}`),
    words(`admin organisation disable ${nobody}`),
  ),
  'admin client add': row(
    'client.added',
    () => client('partner'),
    () => client('auditor'),
  ),
  'admin client disable': row(
    'client.disabled',
    words(`admin client disable ${world.referring.ngo.clientId}`),
    words(`admin client disable ${nobody}`),
  ),
  'admin client list': unrefused('client.listed', words('admin client list'), 'client'),
  'admin partner add': row(
    'client.added',
    () => partnerAdd('answer.txt'),
    () => partnerAdd('again.txt'),
    partnerActions,
  ),
  'admin partner rotate': row('client-key.added', partnerRotate, partnerRotate, rotated),
  'admin auditor add': row('client.added', once(auditor), once(auditor), [
    'organisation.added',
    'client-key.added',
  ]),
  'admin client-key add': row('client-key.added', once(clientKey), once(clientKey)),
  'admin client-key end': row(
    'client-key.ended',
    async () => ['admin', 'client-key', 'end', await kidOf('client_key')],
    words(`admin client-key end ${'x'.repeat(43)}`),
  ),
  'admin signing-key add': row('signing-key.added', words(signingKey), words(signingKey)),
  'admin signing-key end': row(
    'signing-key.ended',
    async () => ['admin', 'signing-key', 'end', await kidOf('signing_key')],
    words(`admin signing-key end ${'x'.repeat(22)}`),
  ),
  'admin token': row('token.issued', words(token(casework)), words(token(nobody))),
  'admin verify-vault': {
    ...row('vault.verified', words('admin verify-vault'), words('admin verify-vault')),
    unset: 'DATABASE_URL',
  },
  'admin retention': {
    ...row('retention.shown', words('admin retention'), words('admin retention')),
    unset: 'DATABASE_URL',
  },
  'directory draft': unrefused('directory.drafted', draft('directory draft'), 'signing_key'),
  'admin directory draft': unrefused(
    'directory.drafted',
    draft('admin directory draft'),
    'signing_key',
  ),
  'directory publish': row(
    'directory.published',
    directoryPublish,
    words(`directory publish ${folder}/d.jws`),
  ),
  'keyset draft': unrefused('keyset.drafted', draft('keyset draft'), 'keyset'),
  'keyset publish': row(
    'keyset.published',
    () => keysetPublish(2),
    () => keysetPublish(2),
  ),
  'admin log restart': row(
    'log.restarted',
    () => ['admin', 'log', 'restart', '--reason', 'The disk was lost'],
    () => ['admin', 'log', 'restart', '--reason', 'two\nlines'],
  ),
}

async function kidOf(table: 'client_key' | 'signing_key'): Promise<string> {
  const [row] = await sql`select kid from ${sql(table)} where valid_until is null limit 1`
  return row?.kid
}

/** The entries of the administrator beside what a row itself asked to prepare its call. */
let seen: string[] = []
async function newEntries() {
  const all = await sql`
    select id, action, outcome, convert_from(leaf, 'UTF8')::jsonb ->> 'caller' as caller
    from audit_entry order by at, id`
  const fresh = all.filter(({ id }) => !seen.includes(id))
  seen = all.map(({ id }) => id)
  return fresh.map(({ action, outcome, caller }) => ({ action, outcome, caller }))
}

t.test('an auditor is let in by one command of its own and one of the host', async (t) => {
  const key = join(folder, 'auditor.key')
  const made = await called(t, ['keys', 'sign-in', '--out', key, '--no-passphrase'])
  t.equal(made.code, 0, made.err)
  const add = 'admin auditor add --label Oversight --url http://localhost:1 --public-key'
  const given = [...add.split(' '), join(folder, 'auditor.pub')]
  t.match(await called(t, given.with(4, ''), host), { code: 2, err: /--label is missing/ })
  t.match(await called(t, given.with(6, 'x'), host), { code: 2, err: /--url is https:/ })
  const added = await called(t, [...given, '--json'], host)
  t.equal(added.code, 0, added.err)
  const { kid, clientId, settings } = JSON.parse(added.out)
  t.match(made.out, kid, 'both are shown the same kid')
  const set = [...settings.matchAll(/(INTAKE_\w+)=(\S+)/g)].map(([, name, value]) => [name, value])
  t.same(Object.fromEntries(set), { INTAKE_URL: 'http://localhost:1', INTAKE_CLIENT: clientId })
  const own = { ...Object.fromEntries(set), INTAKE_URL: url, INTAKE_CLIENT_KEY: key }
  const asked = await called(t, ['audit', '--action', 'client.added', '--limit', '1'], own)
  t.match(asked, { code: 0, out: /client\.added by the administrator/ }, asked.err)
  t.match(asked.out, clientId)
  const refused = await called(t, ['claim'], { ...own, INTAKE_HOME: folder })
  t.equal(refused.code, 2, 'it has no key to open with')
})

t.test('every command of the host has a row, or a reason to have none', async (t) => {
  const known = [...Object.keys(rows), ...Object.keys(unrecorded)]
  t.same(known.toSorted(), Object.keys(hostCommands).toSorted())
})

for (const [name, { done, undone, actions, action, ...faults }] of Object.entries(rows)) {
  t.test(`${name} has its entries, done and undone`, async (t) => {
    const caller = 'administrator'
    const call = await done()
    await newEntries()
    const { code, err } = await called(t, call, host)
    t.equal(code, 0, err)
    const said = (await newEntries()).toSorted((a, b) => a.action.localeCompare(b.action))
    const expected = actions.toSorted().map((action) => ({ action, outcome: 'permitted', caller }))
    t.same(said, expected)

    const wrong = await undone()
    await newEntries()
    const { missing, unset } = faults
    const set = unset ? { ...host, [unset]: '' } : host
    const run = async () => t.equal((await called(t, wrong, set)).code, 1)
    await (missing ? without(missing, run) : run())
    const outcome = missing || unset ? 'failed' : 'refused'
    t.same(await newEntries(), [{ action, outcome, caller }])
  })
}
