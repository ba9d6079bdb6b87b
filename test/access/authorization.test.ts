// Goal: a partner's server signs in with a key of its own, and gets a token that is good for what the directory
// grants, for five minutes, and at this deployment alone.
import t, { type Test } from 'tap'
import { createTokenKeys } from '../../src/access/tokenkeys.ts'
import type { Database } from '../../src/database/connect.ts'
import { DatabaseAway } from '../../src/database/lost.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { askToken, registeredSigner, signIn } from '../helpers/signin.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const built = await build(t)
const { world, url, database } = built
const sql = asSuperuser(t, built.databases)
const issuer = `${url}/oauth`
const partner = world.referring.lawFirm.clientId
const { casework } = world.clients

const publicUrl = 'https://intake.example.org'

/** A replica as it is deployed, reached under a public address; returns where it listens. */
async function behindProxy(t: Pick<Test, 'teardown'>): Promise<string> {
  const logger = createLogger('silent')
  const app = await createApp({ database, origin: world.origin, sealKey, publicUrl, logger })
  t.teardown(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

const read = async (path: string, headers = {}) => (await fetch(url + path, { headers })).json()
const partOf = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index]!, 'base64url').toString())

t.test('both documents say where to sign in, whatever the request says of hosts', async (t) => {
  const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
  const openid = await read('/oauth/.well-known/openid-configuration', headers)
  t.match(openid, { issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` })
  t.same(await read('/.well-known/oauth-authorization-server/oauth'), openid)
})

t.test('a key signs in by ES256 and by Ed25519, under both names of that', async (t) => {
  const token = async (alg: 'ES256' | 'Ed25519', header = {}) => {
    const signer = await registeredSigner(built, partner, alg)
    return askToken(url, await signer.assertion(partner, issuer, { header }))
  }
  for (const made of [token('ES256'), token('Ed25519'), token('Ed25519', { alg: 'EdDSA' })]) {
    t.match(await made, { status: 200, body: { token_type: 'Bearer', expires_in: 300 } })
  }
})

t.test('a token has the form of RFC 9068, and the key is published without its half', async (t) => {
  const { token, signer } = await signIn(built, casework)
  const [header, claims] = [partOf(token, 0), partOf(token, 1)]
  t.match(header, { alg: 'ES256', typ: 'at+jwt', kid: /./ })
  t.match(claims, {
    ...{ iss: issuer, aud: `https://${world.origin}`, sub: casework, client_id: casework },
    ...{ jti: /./, cnf: { jkt: signer.thumbprint } },
  })
  t.equal(claims.exp - claims.iat, 300)
  const { keys } = (await read('/oauth/jwks')) as { keys: Record<string, string>[] }
  t.same(
    keys.map((key) => Object.keys(key).sort()),
    [['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
  )
  t.equal(keys[0]?.kid, header.kid)
})

t.test('who must prove a key gets no token without a proof; who need not, may', async (t) => {
  const worker = await registeredSigner(built, casework)
  const without = await askToken(url, await worker.assertion(casework, issuer))
  t.match(without, { status: 400, body: { error: /invalid_grant|invalid_request/ } })
  const { token, headers } = await signIn(built, partner)
  t.match(partOf(token, 1).cnf, { jkt: /./ })
  const path = '/v1/referrals/x'
  const answer = await fetch(url + path, { method: 'PUT', headers: await headers('PUT', path) })
  t.equal(answer.status, 400, 'known by a bound token as well')
})

t.test('a token has the scopes that were asked for, and none that is not granted', async (t) => {
  const signer = await registeredSigner(built, partner)
  const scopeOf = async (scope?: string) => {
    const form = scope === undefined ? {} : { scope }
    const { status, body } = await askToken(url, await signer.assertion(partner, issuer), { form })
    return status === 200 ? partOf(body.access_token, 1).scope : body.error
  }
  t.equal(await scopeOf(), 'referrals:submit matching:evaluate messages:write')
  t.equal(await scopeOf('referrals:submit'), 'referrals:submit')
  t.equal(await scopeOf('triage:work'), 'invalid_scope')
  t.equal(await scopeOf('nonsense'), 'invalid_scope')
  const form = { resource: 'https://other.example' }
  const other = await askToken(url, await signer.assertion(partner, issuer), { form })
  t.match(other, { status: 400, body: { error: 'invalid_target' } })
})

t.test('an app that names a person where it signs is recorded with that person', async (t) => {
  const signer = await registeredSigner(built, world.clients.auditor)
  const id = world.clients.auditor
  const assertion = await signer.assertion(id, issuer, { claims: { act: { sub: 'p-17' } } })
  const dpop = await signer.proof('POST', `${issuer}/token`)
  const { body } = await askToken(url, assertion, { headers: { dpop } })
  const token = body.access_token
  const proof = await signer.proof('GET', `${url}/v1/audit/entries`, token)
  await read('/v1/audit/entries', { authorization: `DPoP ${token}`, dpop: proof })
  const [row] = await sql`
    select o.person from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'audit.searched' order by e.at desc, e.id desc limit 1`
  t.equal(row?.person, 'p-17')
})

t.test('a spent proof is remembered for as long as it would be taken', async (t) => {
  const { signer, token } = await signIn(built, world.clients.auditor)
  const iat = Math.floor(Date.now() / 1000) - 20
  const dpop = await signer.proof('GET', `${url}/v1/audit/entries`, token, { claims: { iat } })
  await read('/v1/audit/entries', { authorization: `DPoP ${token}`, dpop })
  // It is taken until a minute after its time, by a clock that may be half a minute behind.
  const [row] = await sql`
    select extract(epoch from max(expires_at))::int as until from spent_id where kind = 'proof'`
  t.ok(row!.until >= iat + 90, `${row!.until - iat} s`)
})

t.test('a person is an opaque id, whom no partner acts for', async (t) => {
  const refused = async (id: string, act: unknown) => {
    const signer = await registeredSigner(built, id)
    const dpop = await signer.proof('POST', `${issuer}/token`)
    const assertion = await signer.assertion(id, issuer, { claims: { act } })
    const { status, body } = await askToken(url, assertion, { headers: { dpop } })
    return [status, body.error]
  }
  for (const act of ['p-17', null, [], { sub: 'A Person' }, { sub: 'p-17', act: { sub: 'x' } }]) {
    t.same(await refused(casework, act), [400, 'invalid_request'], JSON.stringify(act))
  }
  t.same(await refused(casework, { sub: 'p-17' }), [200, undefined])
  t.same(await refused(partner, { sub: 'p-17' }), [400, 'invalid_request'])
})

t.test('an assertion and a proof may have one id; two proofs may not', async (t) => {
  const signer = await registeredSigner(built, casework)
  const dpop = await signer.proof('POST', `${issuer}/token`)
  const claims = { jti: partOf(dpop, 1).jti }
  const assertion = await signer.assertion(casework, issuer, { claims })
  t.equal((await askToken(url, assertion, { headers: { dpop } })).status, 200)
  const next = await signer.assertion(casework, issuer)
  t.equal((await askToken(url, next, { headers: { dpop } })).status, 400)
})

t.test('behind a proxy only PUBLIC_URL counts, for the server and for proofs', async (t) => {
  const local = await behindProxy(t)
  const signer = await registeredSigner(built, casework)
  const assertion = () => signer.assertion(casework, `${publicUrl}/oauth`)
  const proven = async (base: string) => {
    const headers = {
      dpop: await signer.proof('POST', `${base}/oauth/token`),
      ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    }
    return askToken(local, await assertion(), { headers })
  }
  t.match(await proven(local), { status: 400, body: { error: 'invalid_dpop_proof' } })
  const { status, body } = await proven(publicUrl)
  t.equal(status, 200)
  const token = body.access_token
  const path = '/v1/cases/reviews'
  const ask = async (base: string) => {
    const dpop = await signer.proof('GET', base + path, token)
    const headers = { authorization: `DPoP ${token}`, dpop, 'x-forwarded-host': 'evil.example' }
    return (await fetch(local + path, { headers })).status
  }
  t.equal(await ask(local), 401)
  t.equal(await ask(publicUrl), 200)
  const made = `Bearer ${await world.token(casework)}`
  const byHand = await fetch(local + path, { headers: { authorization: made } })
  t.equal(byHand.status, 401, 'a token made by hand counts in a trial only')
})

t.test('a token made by hand does not count through a proxy', async (t) => {
  const authorization = `Bearer ${await world.token(casework)}`
  const ask = (headers: Record<string, string>) =>
    fetch(`${url}/v1/cases/reviews`, { headers: { authorization, ...headers } })
  t.equal((await ask({})).status, 200)
  t.equal((await ask({ 'x-forwarded-for': '192.0.2.7' })).status, 401)
})

t.test('of two replicas that get one assertion at once, one gives a token', async (t) => {
  const signer = await registeredSigner(built, partner)
  const apps = await Promise.all([behindProxy(t), behindProxy(t)])
  for (let turn = 0; turn < 5; turn += 1) {
    const assertion = await signer.assertion(partner, `${publicUrl}/oauth`)
    const answers = await Promise.all(apps.map((app) => askToken(app, assertion)))
    t.same(answers.map(({ status }) => status).sort(), [200, 401])
  }
})

t.test('a key that was ended, and a client that was disabled, sign in no more', async (t) => {
  const signer = await registeredSigner(built, casework)
  await onHost(built, (host) => host.endClientKey(signer.thumbprint, {}))
  const ended = await askToken(url, await signer.assertion(casework, issuer))
  t.match(ended, { status: 401, body: { error: 'invalid_client' } })
  const again = onHost(built, (host) =>
    host.addClientKey({ clientId: partner, jwk: signer.publicJwk }),
  )
  await t.rejects(again, { code: 'malformed-request' }, 'a key that was used is no new one')
  const { clientId } = world.referring.ngo
  const other = await registeredSigner(built, clientId)
  await onHost(built, (host) => host.disableClient(clientId))
  const disabled = await askToken(url, await other.assertion(clientId, issuer))
  t.match(disabled, { status: 401, body: { error: 'invalid_client' } })
})

t.test(
  'a disabled client is shut out with the token it has, on every replica in time',
  async (t) => {
    const replicas = await Promise.all([behindProxy(t), behindProxy(t)])
    const { clientId } = world.referring.telephone
    const signer = await registeredSigner(built, clientId)
    const assertion = await signer.assertion(clientId, `${publicUrl}/oauth`)
    const dpop = await signer.proof('POST', `${publicUrl}/oauth/token`)
    const { body } = await askToken(replicas[0]!, assertion, { headers: { dpop } })
    const path = '/v1/cases/reviews'
    const ask = async (local: string) => {
      const proof = await signer.proof('GET', publicUrl + path, body.access_token)
      const headers = { authorization: `DPoP ${body.access_token}`, dpop: proof }
      return (await fetch(local + path, { headers })).status
    }
    t.same(await Promise.all(replicas.map(ask)), [200, 200], 'known on both')
    await onHost(built, (host) => host.disableClient(clientId))
    const { now } = performance
    // Five seconds on, by the clock that says how long a client is kept.
    performance.now = () => now.call(performance) + 5_000
    t.teardown(() => {
      performance.now = now
    })
    t.same(await Promise.all(replicas.map(ask)), [403, 403])
  },
)

t.test(
  'keys follow each other: published before they sign, and good for a while after',
  async (t) => {
    const anew = () => createTokenKeys(database, sealKey)
    const [first] = await anew().list()
    const age = (kid: string, interval: string) => sql`
    update token_key
    set signs_from = signs_from - ${interval}::interval, ends_at = ends_at - ${interval}::interval
    where kid = ${kid}`
    await age(first!.kid, '7 days')
    const [signing, next, ...rest] = await anew().list()
    t.same([signing?.kid, rest], [first?.kid, []], 'the old one signs still')
    t.ok(next && next.signsFrom.getTime() > Date.now() + 60_000, 'the new one is only published')
    t.equal((await anew().list()).length, 2, 'and no replica makes a third')
    await age(next!.kid, '11 minutes')
    t.equal((await anew().list())[0]?.kid, next?.kid, 'now it signs')
    t.ok(await anew().publicPemOf(first!.kid), 'what the old one signed still counts')
    await age(first!.kid, '1 day')
    t.equal(await anew().publicPemOf(first!.kid), undefined, 'and a day later no more')
  },
)

t.test(
  'a key that is sealed under another file counts for nothing, nor one that was renamed',
  async (t) => {
    const other = new Uint8Array(32).fill(9)
    const [forged] = await createTokenKeys(database, other).list()
    const keys = await createTokenKeys(database, sealKey).list()
    t.notOk(keys.some(({ kid }) => kid === forged?.kid))
    t.equal(await createTokenKeys(database, sealKey).publicPemOf(forged!.kid), undefined)
    const [copied] = await sql`select sealed from token_key where kid = ${keys[0]!.kid}`
    await sql`
    insert into token_key values ('renamed', ${copied?.sealed}, now(), now(), now() + interval '1 day')`
    t.equal(await createTokenKeys(database, sealKey).publicPemOf('renamed'), undefined)
  },
)

t.test('while the database is away signing in is put off, and not a fault', async (t) => {
  let isAway = false
  const away: Database = {
    ...database,
    inTransaction: (caller, act, options) =>
      isAway
        ? Promise.reject(new DatabaseAway('it does not answer'))
        : database.inTransaction(caller, act, options),
  }
  const logger = createLogger('silent')
  const app = await createApp({ database: away, origin: world.origin, sealKey, publicUrl, logger })
  t.teardown(() => {
    isAway = false
    return app.close()
  })
  const local = await app.listen({ host: '127.0.0.1', port: 0 })
  const signer = await registeredSigner(built, partner)
  const ask = async () =>
    (await askToken(local, await signer.assertion(partner, `${publicUrl}/oauth`))).status
  isAway = true
  t.equal(await ask(), 503, 'before the keys were read')
  isAway = false
  t.equal(await ask(), 200)
  isAway = true
  t.equal(await ask(), 503, 'and after')
})
