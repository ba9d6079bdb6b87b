/**
 * Goal: an auditor reads who could open a referral, and what a key or a client could open, truly, in
 * pages that lose nothing; the reading is an entry, and nothing that is sealed is read for it.
 */
import t from 'tap'
import { grantable } from '../../src/caller.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const kids = {
  casework: world.recipients.casework.receiving.kid,
  clinic: world.recipients.clinic.receiving.kid,
  recovery: world.recipients.recovery.receiving.kid,
}
const ask = await callerOf(world, url, world.clients.auditor)
const addClient = (scopes: readonly (typeof grantable.internal)[number][]) =>
  onHost(built, (host) =>
    host.addClient({
      organisationId: world.referring.telephone.organisationId,
      label: 'Old laptop',
      kind: 'internal',
      scopes,
      kids: [kids.clinic, kids.casework],
    }),
  )

const first = await refer(built)
const disabled = await addClient(grantable.internal)
const reviewer = await addClient(['cases:review'])
const toBoth = [first, await refer(built), await refer(built)].map(({ referralId }) => referralId)
await onHost(built, (host) => host.disableClient(disabled))
const [{ at: disabledAt }] = (await sql`
  select to_char(disabled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
  from client where id = ${disabled}`) as unknown as [{ at: string }]
const withoutClinic = world.keyset.recipients.filter(({ kid }) => kid !== kids.clinic)
const keyset = await publishKeyset(built, { ...world.keyset, recipients: withoutClinic })
const alone = await refer(built, world.referring.ngo, { keyset: keysetReference(keyset) })
const all = [...toBoth, alone.referralId]
await untilPaired(sql)
t.afterEach(() => requireBalanced(sql))

type Client = { client: string; addedAt?: string; disabledAt?: string; labels: object }
type Exposed = { clients: Client[]; referrals: { referralId: string }[]; next?: string }

async function exposed(query: Record<string, string>): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const asked = new URLSearchParams({ ...query, limit: '2', ...(cursor && { cursor }) })
    const { status, body } = await ask('GET', `/v1/audit/exposure?${asked}`)
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    const page: Exposed = body
    t.ok(page.referrals.length <= 2)
    found.push(...page.referrals.map(({ referralId }) => referralId))
    cursor = page.next
  } while (cursor)
  return found
}

const accessTo = async (name: string) => {
  const { status, body } = await ask('GET', `/v1/audit/referrals/${name}/access`)
  return { status, body }
}

t.test('a referral names the keys that it was sealed to, and who is bound to them', async (t) => {
  for (const name of [first.referralId, first.acknowledgement.reference]) {
    const { status, body } = await accessTo(name)
    t.equal(status, 200)
    t.match(body, {
      referralId: first.referralId,
      reference: first.acknowledgement.reference,
      receivedAt: first.acknowledgement.receivedAt,
    })
    const clientsOf = (kid: string) => {
      const recipient = body.recipients.find((it: { kid: string }) => it.kid === kid)
      t.equal(recipient.holds, true)
      return recipient.clients
    }
    t.equal(body.recipients.length, 3)
    t.match(clientsOf(kids.casework), [
      {
        client: world.clients.casework,
        labels: { client: 'Casework app', organisation: 'The charity' },
        addedAt: /Z$/,
        disabledAt: undefined,
      },
      { client: disabled, addedAt: /Z$/, disabledAt },
      { client: reviewer },
    ])
    t.same(clientsOf(kids.recovery), [])
  }
  const { body } = await accessTo(alone.referralId)
  const held = body.recipients.map(({ kid }: { kid: string }) => kid)
  t.same(held, [kids.casework, kids.recovery].sort())
})

t.test('a wrap that is gone is told as gone, by what the referrer signed', async (t) => {
  const { referralId } = first
  const [wrap] = await sql`
    delete from wrap where referral_id = ${referralId} and kid = ${kids.clinic} returning *`
  const { body } = await accessTo(referralId)
  await sql`insert into wrap ${sql(wrap!)}`
  const { recipients } = body as { recipients: { kid: string; holds: boolean }[] }
  t.same(
    recipients.filter(({ holds }) => !holds).map(({ kid }) => kid),
    [kids.clinic],
  )
})

t.test('the moment of a client is that of its entry, whoever emptied its opening', async (t) => {
  const [entry] = await sql`
    select id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from audit_entry where object_id = ${world.clients.clinic} and action = 'client.added'`
  await sql`
    update audit_opening set client_id = null, organisation_id = null, client_label = null,
      organisation_label = null, actor_salt = null, details = null, details_salt = null
    where entry_id = ${entry!.id}`
  const { body } = await ask('GET', `/v1/audit/exposure?client=${world.clients.clinic}`)
  t.match(body.clients, [{ client: world.clients.clinic, addedAt: entry!.at }])
})

t.test('a key opens all that was sealed to it until then, since whenever', async (t) => {
  t.same(await exposed({ kid: kids.casework }), all)
  t.same(await exposed({ kid: kids.clinic }), toBoth)
  t.same(await exposed({ kid: kids.clinic, from: '2099-01-01' }), toBoth)
  t.same(await exposed({ kid: kids.clinic, to: first.acknowledgement.receivedAt }), [])
  t.same(await exposed({ kid: kids.casework, to: alone.acknowledgement.receivedAt }), toBoth)
  t.same(await exposed({ kid: kids.casework, to: '2020-01-01' }), [])
})

t.test('a client could ask for what its keys open, while it was let in', async (t) => {
  t.same(await exposed({ client: world.clients.casework }), all)
  t.same(await exposed({ client: disabled }), toBoth, 'each once, though two keys open it')
  t.same(await exposed({ client: disabled, from: disabledAt }), [], 'shut out before')
  t.same(await exposed({ client: disabled, to: '2020-01-01' }), [], 'not there yet')
  const [added] = (await ask('GET', `/v1/audit/exposure?client=${disabled}`)).body.clients
  t.same(await exposed({ client: disabled, to: added.addedAt }), [], 'nor for older ones')
  t.same(await exposed({ client: reviewer }), [], 'without a scope that hands out referrals')
  t.same(await exposed({ client: world.referring.lawFirm.clientId }), [])
})

t.test('what is asked about stands in the log, as itself', async (t) => {
  const entries = async () => {
    const { body } = await ask('GET', '/v1/audit/entries?action=audit.traced&limit=3')
    return body.entries
  }
  await accessTo(first.acknowledgement.reference)
  await ask('GET', `/v1/audit/exposure?kid=${kids.clinic}`)
  await ask('GET', `/v1/audit/exposure?client=${reviewer}`)
  t.match(await entries(), [
    { object: { kind: 'client', id: reviewer }, opening: { details: { referrals: 0 } } },
    { object: { kind: 'key', id: kids.clinic }, opening: { details: { referrals: 3 } } },
    { object: { kind: 'referral', id: first.referralId } },
  ])
})

t.test('what nobody knows, and what is not one question, is refused', async (t) => {
  const rows: [string, number][] = [
    [`/v1/audit/referrals/${newId()}/access`, 404],
    ['/v1/audit/referrals/00000000/access', 404],
    [`/v1/audit/exposure?client=${newId()}`, 404],
    [`/v1/audit/exposure?kid=${'A'.repeat(22)}`, 404],
    ['/v1/audit/exposure', 400],
    [`/v1/audit/exposure?kid=${kids.clinic}&client=${reviewer}`, 400],
    [`/v1/audit/exposure?kid=${kids.clinic}&from=2026-02-30`, 400],
    [`/v1/audit/exposure?kid=${kids.clinic}&to=0000-01-01`, 400],
  ]
  for (const [path, status] of rows) t.equal((await ask('GET', path)).status, status, path)
})
