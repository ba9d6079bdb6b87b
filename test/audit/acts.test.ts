/**
 * Goal: each act and each refusal has its entry, committed before the answer is seen.
 * Method: a table of requests; after each answer the entries that were added are read from the
 * database, where they stand only if they are committed.
 */
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { planted, requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { onHost, publishKeyset } from '../helpers/publish.ts'
import { type Call, callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, tablesOf } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm, ngo } = world.referring
const kid = world.recipients.casework.receiving.kid
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const call = {
  lawFirm: await callerOf(world, url, lawFirm.clientId),
  ngo: await callerOf(world, url, ngo.clientId),
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
  auditor: await callerOf(world, url, world.clients.auditor),
}

type Entry = { said: Record<string, unknown>; client_id: string; details: unknown }

let seen = new Set<string>()
/** What was added since it was last asked, but for what the service does in its own time. */
async function newEntries(): Promise<Entry[]> {
  const rows = await sql<(Entry & { id: string })[]>`
    select e.id, convert_from(e.leaf, 'UTF8')::jsonb as said, o.client_id, o.details
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action <> 'referral.paired'
    order by e.at, e.id`
  const added = rows.filter(({ id }) => !seen.has(id))
  seen = new Set(rows.map(({ id }) => id))
  return added
}

async function claimed() {
  const { referralId } = await refer(built)
  const { body } = await claim(call.casework)
  const { claimId, fence } = body.claims.at(-1)
  return { claimId, fence, referralId }
}
const claim = (who: Call, recipient = kid) =>
  who('POST', '/v1/triage/claims', { recipient, max: 50, leaseSeconds: 60 })

type Said = {
  action: string
  outcome?: string
  reason?: string
  object?: object
  recipient?: string
  details?: object
}
type Row = {
  name: string
  by: keyof typeof call
  act: () => Promise<{ status: number; said: Said[] }>
}

const rows: Row[] = [
  {
    name: 'a submission',
    by: 'lawFirm',
    act: async () => {
      const envelope = sealed(world)
      const id = envelope.header.referralId
      const { status, body } = await call.lawFirm('PUT', `/v1/referrals/${id}`, envelope)
      const object = { kind: 'referral', id, digest: body.envelopeHash }
      const details = { reference: body.reference }
      return { status, said: [{ action: 'referral.submitted', object, details }] }
    },
  },
  {
    name: 'the same submission again',
    by: 'lawFirm',
    act: async () => {
      const { referralId: id, envelope } = await refer(built)
      await newEntries()
      const { status } = await call.lawFirm('PUT', `/v1/referrals/${id}`, envelope)
      const details = { repeated: true }
      return { status, said: [{ action: 'referral.submitted', object: { id }, details }] }
    },
  },
  {
    name: 'a refused submission',
    by: 'ngo',
    act: async () => {
      const id = newId()
      const { status } = await call.ngo('PUT', `/v1/referrals/${id}`, sealed(world))
      const reason = 'referral-id-mismatch'
      const object = { kind: 'referral', id }
      return { status, said: [refusal('referral.submitted', reason, object)] }
    },
  },
  {
    name: 'an opening without a claim',
    by: 'casework',
    act: async () => {
      const { referralId: id, acknowledgement } = await refer(built)
      await newEntries()
      const { status } = await call.casework('GET', `/v1/referrals/${id}?recipient=${kid}`)
      const object = { kind: 'referral', id }
      const details = { reference: acknowledgement.reference }
      return { status, said: [{ action: 'referral.opened', object, recipient: kid, details }] }
    },
  },
  {
    name: 'an opening of nothing',
    by: 'casework',
    act: async () => {
      const id = newId()
      const { status } = await call.casework('GET', `/v1/referrals/${id}?recipient=${kid}`)
      const object = { kind: 'referral', id }
      return { status, said: [refusal('referral.opened', 'not-found', object)] }
    },
  },
  {
    name: 'an opening for the key of another',
    by: 'clinic',
    act: async () => {
      const { status } = await call.clinic('GET', `/v1/referrals/${newId()}?recipient=${kid}`)
      return { status, said: [refusal('referral.opened', 'recipient-not-yours')] }
    },
  },
  {
    name: 'a claim on two items',
    by: 'casework',
    act: async () => {
      await claim(call.casework)
      const sent = [await refer(built), await refer(built)]
      await newEntries()
      const { status, body } = await claim(call.casework)
      const items = body.claims.map(({ claimId }: { claimId: string }) => claimId)
      return {
        status,
        said: [
          ...items.map((id: string) => ({
            action: 'triage.claimed',
            object: { kind: 'item', id },
            recipient: kid,
          })),
          ...sent.map(({ referralId: id, acknowledgement: { reference } }) => ({
            action: 'referral.opened',
            object: { kind: 'referral', id },
            recipient: kid,
            details: { reference },
          })),
        ],
      }
    },
  },
  {
    name: 'a claim for the key of another',
    by: 'clinic',
    act: async () => {
      const { status } = await claim(call.clinic)
      return { status, said: [refusal('triage.claimed', 'recipient-not-yours')] }
    },
  },
  ...(['renewal', 'release', 'completion'] as const).flatMap((verb): Row[] => {
    const action = { renewal: 'renewed', release: 'released', completion: 'completed' }[verb]
    const body = (fence: number, referralId: string) => ({
      renewal: { fence, leaseSeconds: 60 },
      release: { fence },
      completion: { fence, outcome: 'accepted', referrals: [referralId] },
    })
    return [
      {
        name: `a ${verb}`,
        by: 'casework',
        act: async () => {
          const { claimId: id, fence, referralId } = await claimed()
          await newEntries()
          const path = `/v1/triage/claims/${id}/${verb}`
          const { status } = await call.casework('POST', path, body(fence, referralId)[verb])
          const said = { action: `triage.${action}`, object: { kind: 'item', id } }
          if (verb !== 'completion') return { status, said: [said] }
          const answered = {
            action: 'referral.answered',
            object: { kind: 'referral', id: referralId },
            details: { outcome: 'accepted' },
          }
          const details = { outcome: 'accepted', late: false }
          return { status, said: [{ ...said, details }, answered] }
        },
      },
      {
        name: `a ${verb} under a fence that is over`,
        by: 'casework',
        act: async () => {
          const { claimId: id, fence, referralId } = await claimed()
          await newEntries()
          const path = `/v1/triage/claims/${id}/${verb}`
          const { status } = await call.casework('POST', path, body(fence + 1, referralId)[verb])
          const object = { kind: 'item', id }
          return { status, said: [refusal(`triage.${action}`, 'lease-lost', object)] }
        },
      },
    ]
  }),
  {
    name: 'a report that something would not open',
    by: 'casework',
    act: async () => {
      const { claimId: id, fence, referralId } = await claimed()
      await newEntries()
      const report = { fence, outcome: 'unopenable', step: 'wrap', referrals: [referralId] }
      const path = `/v1/triage/claims/${id}/completion`
      const { status } = await call.casework('POST', path, report)
      const details = { outcome: 'unopenable', late: false, step: 'wrap', referrals: referralId }
      const object = { kind: 'item', id }
      return { status, said: [{ action: 'item.escalated', object, details }] }
    },
  },
  {
    name: 'a reading of the directory',
    by: 'clinic',
    act: async () => {
      const { status } = await call.clinic('GET', '/v1/directory')
      const object = { kind: 'directory', id: '1' }
      return { status, said: [{ action: 'directory.read', object }] }
    },
  },
  {
    name: 'a reading of the log',
    by: 'auditor',
    act: async () => {
      const { status } = await call.auditor('GET', '/v1/audit/entries?action=token.issued&limit=3')
      const details = { entries: 0, filters: 'action' }
      return { status, said: [{ action: 'audit.searched', details }] }
    },
  },
  {
    name: 'a reading of the log without its scope',
    by: 'lawFirm',
    act: async () => {
      const { status } = await call.lawFirm('GET', '/v1/audit/entries')
      return { status, said: [refusal('audit.searched', 'insufficient-scope')] }
    },
  },
  {
    name: 'a reading of the log by a cursor of nobody',
    by: 'auditor',
    act: async () => {
      const { status } = await call.auditor('GET', '/v1/audit/entries?cursor=AAAA')
      return { status, said: [refusal('audit.searched', 'malformed-request')] }
    },
  },
]

function refusal(action: string, reason: string, object?: object) {
  return { action, outcome: 'refused', reason, ...(object && { object }) }
}

const clientOf: Record<keyof typeof call, string> = {
  lawFirm: lawFirm.clientId,
  ngo: ngo.clientId,
  ...world.clients,
}

for (const { name, by, act } of rows) {
  t.test(`${name} has its entry`, async (t) => {
    await newEntries()
    const { status, said: expected } = await act()
    const entries = await newEntries()
    t.equal(entries.length, expected.length)
    const refusedRow = expected.some(({ outcome }) => outcome === 'refused')
    t.equal(status >= 400, refusedRow)
    for (const { details, ...leaf } of expected) {
      const found = entries.filter((entry) => covers(entry.said, { outcome: 'permitted', ...leaf }))
      t.equal(found.length, 1, `${leaf.action} once`)
      t.same(found[0]?.details ?? null, details ?? null)
      t.equal(found[0]?.client_id, clientOf[by])
    }
  })
}

function covers(said: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return said === expected
  const inner = (said ?? {}) as Record<string, unknown>
  return Object.entries(expected).every(([name, value]) => covers(inner[name], value))
}

t.test('what the host does has its entry, by the administrator', async (t) => {
  await newEntries()
  const id = await onHost(built, async (host) => {
    const organisationId = await host.addOrganisation('New firm')
    const client = { organisationId, label: 'Its client', kind: 'partner', kids: [] } as const
    const clientId = await host.addClient({ ...client, scopes: ['referrals:submit'] })
    await host.recordToken(clientId)
    await host.disableClient(clientId)
    await host.disableOrganisation(organisationId)
    await t.rejects(host.disableClient(newId()), { code: 'not-found' })
    await t.rejects(host.addClient({ ...client, scopes: ['audit:read'] }), {
      code: 'malformed-request',
    })
    return { organisationId, clientId }
  })
  const keyset = await publishKeyset(built, world.keyset)
  const said = (await newEntries()).map((entry) => entry.said)
  t.match(said, [
    { action: 'organisation.added', object: { kind: 'organisation', id: id.organisationId } },
    { action: 'client.added', object: { kind: 'client', id: id.clientId } },
    { action: 'token.issued', object: { kind: 'client', id: id.clientId } },
    { action: 'client.disabled', object: { kind: 'client', id: id.clientId } },
    { action: 'organisation.disabled', object: { kind: 'organisation', id: id.organisationId } },
    { action: 'client.disabled', outcome: 'refused', reason: 'not-found' },
    { action: 'client.added', outcome: 'refused', reason: 'malformed-request' },
    { action: 'keyset.drafted', object: { kind: 'keyset', id: '1' } },
    { action: 'keyset.published', object: { kind: 'keyset', id: String(keyset.version) } },
  ])
  t.equal(said.length, 9)
  for (const { caller } of said) t.equal(caller, 'administrator')
})

t.test('what is public is not recorded', async (t) => {
  await newEntries()
  for (const path of ['/livez', '/readyz', '/v1/keyset', '/v1/keyset/1']) {
    t.equal((await fetch(url + path)).status, 200)
  }
  t.same(await newEntries(), [])
})

t.test('neither the log nor any table keeps an address, a user agent or a name', async (t) => {
  const agent = 'Detainee-Phone/7.1'
  const headers = {
    'user-agent': agent,
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
  }
  const envelope = sealed(world)
  await call.lawFirm('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope, headers)
  await call.lawFirm('GET', '/v1/audit/entries', undefined, headers)
  await fetch(`${url}/v1/audit/entries`, { headers })
  await built.app.close()
  const tables = await tablesOf(sql)
  const rows = await Promise.all(
    tables.map((table) => sql.unsafe(`select held::text as row from ${table} held`)),
  )
  const lines = built.log().trim().split('\n')
  // The address that it listens on is the service's own.
  const log = lines.filter((line) => !line.includes('Server listening')).join('\n')
  for (const [name, text] of Object.entries({ tables: JSON.stringify(rows), log })) {
    t.ok(text.length > 1000)
    for (const word of [agent, '203.0.113.9', '127.0.0.1', '::ffff:', ...planted]) {
      const hex = Buffer.from(word).toString('hex')
      t.notOk(text.includes(word) || text.includes(hex), `${name} and ${word}`)
    }
  }
  for (const { url: path, remoteAddress } of lines.map((line) => JSON.parse(line))) {
    t.same([path, remoteAddress], [undefined, undefined])
  }
})
