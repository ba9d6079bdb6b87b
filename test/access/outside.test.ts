// Goal: an outside issuer speaks for the callers that were mapped, and for no more than the directory grants.
import t from 'tap'
import type { OutsideCaller } from '../../src/access/issuers.ts'
import { readIssuers } from '../../src/access/issuers.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { startOutside } from '../helpers/outside.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const audience = 'https://api.example.org'
const outside = await startOutside(t, audience)
const callers: OutsideCaller[] = []
const trusted = { issuer: outside.url, jwks: `${outside.url}/jwks`, audience, callers }
const built = await build(t, { trustedIssuers: [trusted] })
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const { auditor } = world.clients
const partner = world.referring.lawFirm.clientId
callers.push({ client_id: 'their-server', client: partner }, { sub: 'zuleika-7', client: auditor })

/** What their own server gets of its provider, which wants a nonce first. */
async function serverToken(scope: string): Promise<{ token: string; dpop: typeof proof }> {
  const endpoint = `${outside.url}/token`
  const ask = async (nonce?: string) => {
    const claims = nonce === undefined ? {} : { nonce }
    return fetch(endpoint, {
      method: 'POST',
      headers: { dpop: await outside.client.proof('POST', endpoint, undefined, { claims }) },
      body: new URLSearchParams({
        ...{ grant_type: 'client_credentials', scope },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await outside.client.assertion('their-server', outside.url),
      }),
    })
  }
  const nonce = (await ask()).headers.get('dpop-nonce')
  const answer = (await (await ask(nonce ?? '')).json()) as { access_token: string }
  return { token: answer.access_token, dpop: proof }
}

const proof = (method: string, path: string, token: string) =>
  outside.client.proof(method, url + path, token)

async function ask(method: string, path: string, headers: Record<string, string>) {
  const response = await fetch(url + path, { method, headers })
  return response.status
}

t.test(
  'their server, by its own token and proof, is the client that it was mapped to',
  async (t) => {
    const path = `/v1/referrals/${newId()}`
    const { token, dpop } = await serverToken('referrals:submit')
    const bound = async (at: string, method: string) => ({
      authorization: `DPoP ${token}`,
      dpop: await dpop(method, at, token),
    })
    t.equal(await ask('PUT', path, await bound(path, 'PUT')), 400, 'known; there is no body')
    const list = '/v1/triage/items?state=open'
    const headers = await bound('/v1/triage/items', 'GET')
    t.equal(await ask('GET', list, headers), 403, 'and no more than that client')
    t.equal(await ask('PUT', path, { authorization: `Bearer ${token}` }), 401, 'only with its key')
  },
)

t.test('a scope that the token lacks is lacking, whatever the directory grants', async (t) => {
  const path = '/v1/matching/evaluations'
  const { token, dpop } = await serverToken('referrals:submit')
  const headers = { authorization: `DPoP ${token}`, dpop: await dpop('POST', path, token) }
  t.equal(await ask('POST', path, headers), 403)
})

t.test(
  "a person's token is that person's, and not the server's whose app it came by",
  async (t) => {
    const anybody = await outside.personsToken('somebody')
    const authorization = `Bearer ${anybody}`
    t.equal(await ask('PUT', `/v1/referrals/${newId()}`, { authorization }), 401)
    const path = '/v1/audit/entries'
    const unbound = await outside.personsToken('zuleika-7')
    const unproven = { authorization: `Bearer ${unbound}` }
    t.equal(await ask('GET', path, unproven), 401, 'an auditor proves a key')
    const cnf = { jkt: outside.client.thumbprint }
    const [, body = ''] = unbound.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const token = await outside.key.token({ ...claims, cnf })
    const headers = { authorization: `DPoP ${token}`, dpop: await proof('GET', path, token) }
    t.equal(await ask('GET', path, headers), 200)
    const [row] = await sql`
    select o.person, o.client_id from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'audit.searched' and e.outcome = 'permitted'`
    t.equal(row?.client_id, auditor)
    t.match(row?.person, /^[A-Za-z0-9_-]{22}$/, 'recorded, and not by the name that the issuer has')
  },
)

t.test(
  'an issuer that does not answer refuses its own callers, and is no fault of ours',
  async (t) => {
    const dead = { ...trusted, issuer: 'http://127.0.0.1:9', jwks: 'http://127.0.0.1:9/jwks' }
    const other = await build(t, { trustedIssuers: [dead] })
    const claims = {
      iss: dead.issuer,
      aud: audience,
      sub: 'their-server',
      client_id: 'their-server',
    }
    const authorization = `Bearer ${await outside.key.token(claims)}`
    const response = await fetch(`${other.url}/v1/audit/entries`, { headers: { authorization } })
    t.equal(response.status, 401)
  },
)

t.test('a list of issuers that is not one is told', async (t) => {
  const text = (changes: object) => JSON.stringify([{ ...trusted, ...changes }])
  t.same(readIssuers(text({})), [JSON.parse(JSON.stringify(trusted))])
  t.ok(readIssuers(text({ jwks: 'https://login.example.org/keys?p=policy' })))
  const caller = { client_id: 'x', client: partner }
  for (const wrong of [
    '{}',
    text({ issuer: 'http://login.example.org' }),
    text({ issuer: 'http://localhost.login.example.org' }),
    text({ jwks: 'http://127.0.0.1.login.example.org/jwks' }),
    text({ jwks: 'file:///etc/keys' }),
    text({ jwks: 'https://user@login.example.org/jwks' }),
    text({ audience: '' }),
    text({ callers: [{ client: partner }] }),
    text({ callers: [{ ...caller, sub: 'y' }] }),
    text({ callers: [{ ...caller, client: 'casework' }] }),
    JSON.stringify([trusted, trusted]),
  ]) {
    t.throws(() => readIssuers(wrong), /it (is not a list|names an issuer twice)/)
  }
})
