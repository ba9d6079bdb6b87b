import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readPublicKey } from '../../src/access/token.ts'
import type { Database } from '../../src/database/connect.ts'
import { DatabaseAway } from '../../src/database/lost.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { sealKey, tokenForge } from '../helpers/token.ts'

const built = await build(t)
const { world, url, database } = built
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))
const tokenKeyFile = join(built.folder, 'token-key.pem')

const newApp = async (on = database) =>
  createApp({
    database: on,
    origin: world.origin,
    sealKey,
    tokenPublicKey: await readPublicKey(tokenKeyFile),
    logger: createLogger('silent'),
  })

t.test('a route that declares no scope does not boot', async (t) => {
  const app = await newApp()
  t.teardown(() => app.close())
  const handler = async () => 'open to all'
  const schemas = [
    undefined,
    { summary: 'Open' },
    { security: [{}] },
    { security: [{ bearer: [] }] },
  ]
  for (const schema of schemas) {
    const route = { method: 'GET', url: '/v1/open', handler, config: { action: 'audit.searched' } }
    t.throws(() => app.route({ ...route, ...(schema && { schema }) } as never), /declares no scope/)
  }
})

t.test('a route that would refuse without a name in the access log does not boot', async (t) => {
  const app = await newApp()
  t.teardown(() => app.close())
  const schema = { security: [{ bearer: ['triage:work'] }] }
  const handler = async () => ''
  t.throws(() => app.route({ method: 'GET', url: '/v1/x', schema, handler }), /declares no action/)
})

t.test(
  'a client that is disabled is shut out within five seconds, also where it just was',
  async (t) => {
    const { clientId } = world.referring.ngo
    const call = await callerOf(world, url, clientId)
    const ask = () => call('PUT', '/v1/referrals/x', {})
    t.equal((await ask()).status, 400, 'known and kept')
    await onHost(built, (host) => host.disableClient(clientId))
    const elsewhere = await newApp()
    t.teardown(() => elsewhere.close())
    const headers = { authorization: `Bearer ${await world.token(clientId)}` }
    const other = await elsewhere.inject({
      method: 'PUT',
      url: '/v1/referrals/x',
      headers,
      body: {},
    })
    t.equal(other.json().code, 'caller-disabled', 'at once on a replica that did not know it')
    const refused = await sql`
      select o.client_id from audit_entry e join audit_opening o on o.entry_id = e.id
      where convert_from(e.leaf, 'UTF8')::jsonb ->> 'reason' = 'caller-disabled'`
    t.match(refused, [{ client_id: clientId }], 'and the log says who keeps trying')
    // Five seconds on, by the clock that says how long a client is kept.
    const { now } = performance
    performance.now = () => now.call(performance) + 5_000
    t.teardown(() => {
      performance.now = now
    })
    t.equal((await ask()).body.code, 'caller-disabled')
  },
)

t.test(
  'many requests at once look a client up once, and a look-up that failed is none',
  async (t) => {
    let lookUps = 0
    let isAway = true
    const counting: Database = {
      ...database,
      inTransaction(caller, act, options) {
        if (caller.kind === 'system') lookUps += 1
        const isLost = caller.kind === 'system' && isAway
        if (isLost) return Promise.reject(new DatabaseAway('it does not answer'))
        return database.inTransaction(caller, act, options)
      },
    }
    const app = await newApp(counting)
    t.teardown(() => app.close())
    const headers = {
      authorization: `Bearer ${await world.token(world.referring.lawFirm.clientId)}`,
    }
    const ask = async () => {
      const request = { method: 'PUT', url: '/v1/referrals/x', headers, body: {} } as const
      return (await app.inject(request)).statusCode
    }
    t.equal(await ask(), 503)
    isAway = false
    lookUps = 0
    t.same(await Promise.all([ask(), ask(), ask()]), [400, 400, 400])
    t.equal(await ask(), 400)
    t.equal(lookUps, 1)
  },
)

t.test('what a token says of scopes and kind counts for nothing', async (t) => {
  const forge = tokenForge(await readFile(tokenKeyFile, 'utf8'), world.origin)
  const claims = { scope: 'triage:work audit:read', scopes: ['triage:work'], kind: 'internal' }
  const token = forge.token(world.referring.lawFirm.clientId, { claims })
  const response = await fetch(`${url}/v1/audit/entries`, {
    headers: { authorization: `Bearer ${token}` },
  })
  t.equal(response.status, 403)
  t.match(await response.json(), { code: 'insufficient-scope', detail: /audit:read/ })
})

t.test('a person in a token is an opaque id, and any other text names nobody', async (t) => {
  const forge = tokenForge(await readFile(tokenKeyFile, 'utf8'), world.origin)
  const persons: [sub: unknown, person: string | null][] = [
    ['p-17', 'p-17'],
    ['Zuleika Dobson', null],
    ['zuleika@example.org', null],
    ['Zuléika', null],
    ['p-17\n', null],
    ['a'.repeat(64), 'a'.repeat(64)],
    ['a'.repeat(65), null],
    ['', null],
    [17, null],
    [['p-17'], null],
  ]
  for (const [sub, person] of persons) {
    const token = forge.token(world.clients.auditor, { claims: { act: { sub } } })
    const headers = { authorization: `Bearer ${token}` }
    t.equal((await fetch(`${url}/v1/audit/entries?limit=1`, { headers })).status, 200)
    const [row] = await sql`
      select o.person from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.action = 'audit.searched' and e.outcome = 'permitted' order by e.at desc, e.id desc limit 1`
    t.equal(row?.person, person, JSON.stringify(sub))
  }
})

t.test('a token that is not believed is not read by the log either', async (t) => {
  const forge = tokenForge(await readFile(tokenKeyFile, 'utf8'), world.origin)
  const token = forge.token(world.referring.lawFirm.clientId, { signed: () => 'AAAA' })
  const before = await sql`select count(*) from audit_entry`
  const response = await fetch(`${url}/v1/audit/entries`, {
    headers: { authorization: `Bearer ${token}` },
  })
  t.equal(response.status, 401)
  t.same(await sql`select count(*) from audit_entry`, before, 'summed, as no caller is known')
  t.notOk(built.log().includes(token.slice(0, 40)))
  t.notOk(built.log().includes(world.referring.lawFirm.clientId))
})

t.test('a 401 and a 403 say what is wrong with the token, as RFC 6750 has it', async (t) => {
  const forge = tokenForge(await readFile(tokenKeyFile, 'utf8'), world.origin)
  const { clientId } = world.referring.lawFirm
  const expired = forge.token(clientId, { claims: { exp: 1 } })
  const realm = 'Bearer realm="referral-intake"'
  const dpop = 'DPoP realm="referral-intake", algs="ES256 EdDSA Ed25519"'
  const ask = async (path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const { status, headers: answered } = await fetch(url + path, { headers })
    return [status, answered.get('www-authenticate')]
  }
  const invalid = [401, `${realm}, error="invalid_token", ${dpop}`]
  const rows: [string, string | undefined, unknown[]][] = [
    ['no token', undefined, [401, `${realm}, ${dpop}`]],
    ['another scheme', 'Basic YTpi', [401, `${realm}, ${dpop}`]],
    ['no token behind the scheme', 'Bearer', [401, `${realm}, ${dpop}`]],
    ['no JWT', 'Bearer zuleika', invalid],
    ['an expired one', `Bearer ${expired}`, invalid],
    ['a client that is none', `Bearer ${forge.token(newId())}`, invalid],
    [
      'too little',
      `Bearer ${forge.token(clientId)}`,
      [403, `${realm}, error="insufficient_scope", scope="audit:read"`],
    ],
  ]
  for (const [name, authorization, expected] of rows) {
    t.same(await ask('/v1/audit/entries', authorization), expected, name)
  }
  const casework = `Bearer ${forge.token(world.clients.casework)}`
  t.same(
    await ask(
      `/v1/referrals/${newId()}?recipient=${world.recipients.clinic.receiving.kid}`,
      casework,
    ),
    [403, `${realm}, error="insufficient_scope", scope="referrals:open"`],
  )
  t.same(await ask('/v1/none'), [404, null])
})
