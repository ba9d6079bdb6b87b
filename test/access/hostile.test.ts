/**
 * Goal: whatever is wrong with a token, a proof or an assertion, it is refused in the words of its standard, never
 * a fault of ours, and counted.
 * Method: one table; each row is a valid request with one thing wrong. The valid ones are sent too.
 */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import t from 'tap'
import { createMetrics } from '../../src/metrics.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { startOutside } from '../helpers/outside.ts'
import { createSigner } from '../helpers/signer.ts'
import { askToken, registeredSigner, signIn } from '../helpers/signin.ts'

const audience = 'https://intake.test'
const outside = await startOutside(t, audience)
const metrics = createMetrics()
const callers: { sub?: string; client_id?: string; client: string }[] = []
const trusted = { issuer: outside.url, jwks: `${outside.url}/jwks`, audience, callers }
const built = await build(t, { metrics, trustedIssuers: [trusted] })
const { world, url } = built
const issuer = `${url}/oauth`
const partner = world.referring.lawFirm.clientId
const { casework, auditor } = world.clients
callers.push({ client_id: 'their-server', client: partner }, { sub: 'person-7', client: auditor })

const path = '/v1/cases/reviews'
const worker = await signIn(built, casework)
const bearer = await signIn(built, partner, { isBound: false })
const stranger = await createSigner()
const now = () => Math.floor(Date.now() / 1000)

type Answer = { readonly status: number; readonly challenge: string | null }
type Row = readonly [name: string, send: () => Promise<Answer>, challenge: RegExp, status?: number]

async function get(headers: Record<string, string>, at = path): Promise<Answer> {
  const { status, headers: answered } = await fetch(url + at, { headers })
  return { status, challenge: answered.get('www-authenticate') }
}

const withToken = (token: string) => () => get({ authorization: `Bearer ${token}` })
const invalidToken = /^(Bearer|DPoP) realm="referral-intake", error="invalid_token"/

/** A token as our own server makes them, but for its key, or as the outside one does with its own. */
const own = {
  iss: issuer,
  aud: audience,
  sub: partner,
  client_id: partner,
  scope: 'referrals:submit',
}
const theirs = { iss: outside.url, aud: audience, sub: 'their-server', client_id: 'their-server' }
const theirToken = (claims: object, more = {}) => outside.key.token({ ...theirs, ...claims }, more)

function changed(token: string, change: (claims: Record<string, unknown>) => void): string {
  const [header, body = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  change(claims)
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}

const headerOf = (header: object, token = bearer.token) =>
  [Buffer.from(JSON.stringify(header)).toString('base64url'), ...token.split('.').slice(1)].join(
    '.',
  )

const signedByHmac = () => {
  const input = `${headerOf({ alg: 'HS256', typ: 'at+jwt' }).split('.').slice(0, 2).join('.')}`
  return `${input}.${createHmac('sha256', JSON.stringify(stranger.publicJwk)).update(input).digest('base64url')}`
}

const claimsOfWrongKind: [string, object][] = [
  ['a number as sub', { sub: 7 }],
  ['a list as client_id', { client_id: ['their-server'] }],
  ['an empty jti', { jti: '' }],
  ['a number as jti', { jti: 7 }],
  ['a text as exp', { exp: '9999999999' }],
  ['a fraction as iat', { iat: now() + 0.5 }],
  ['a list as aud', { aud: [audience, 'https://other.example'] }],
  ['another aud', { aud: 'https://other.example' }],
  ['a life of a day', { exp: now() + 86_400 }],
  ['no life at all', { iat: now() + 20, exp: now() + 20 }],
  ['a beginning to come', { iat: now() + 120, exp: now() + 180 }],
  ['an nbf to come', { nbf: now() + 120 }],
  ['a text as nbf', { nbf: 'tomorrow' }],
  ['an end that has passed', { iat: now() - 400, exp: now() - 100 }],
  ['a binding by certificate', { cnf: { 'x5t#S256': 'abc' } }],
  ['a binding of nothing', { cnf: null }],
  ['a subject that nobody knows', { sub: 'other', client_id: 'other' }],
  ["a person who uses the mapped client's app", { sub: 'zuleika' }],
  ["a mapped person's name as a client", { sub: 'x', client_id: 'person-7' }],
  ['a sub of a thousand letters', { sub: 'a'.repeat(1_000) }],
]

const tokens: Row[] = [
  ['no token', () => get({}), /^Bearer realm="referral-intake", DPoP realm=/],
  ['garbage', withToken('garbage'), invalidToken],
  ['three dots', withToken('...'), invalidToken],
  [
    'an empty signature',
    withToken(`${bearer.token.split('.').slice(0, 2).join('.')}.`),
    invalidToken,
  ],
  ['alg none', withToken(headerOf({ alg: 'none', typ: 'at+jwt' })), invalidToken],
  ['alg ES512', withToken(headerOf({ alg: 'ES512', typ: 'at+jwt', kid: 'x' })), invalidToken],
  ['an HMAC by a public key', withToken(signedByHmac()), invalidToken],
  [
    'a key in the header',
    async () => {
      const header = { jwk: stranger.publicJwk, kid: undefined }
      return withToken(await stranger.token(own, { header }))()
    },
    invalidToken,
  ],
  [
    'a key by address',
    async () => {
      const header = { jku: `${outside.url}/jwks`, kid: outside.key.thumbprint }
      return withToken(await outside.key.token(own, { header }))()
    },
    invalidToken,
  ],
  [
    "the kid of another issuer's key",
    async () => withToken(await outside.key.token(own))(),
    invalidToken,
  ],
  [
    'another key under our kid',
    async () => {
      const { kid } = JSON.parse(Buffer.from(bearer.token.split('.')[0]!, 'base64url').toString())
      return withToken(await stranger.token(own, { header: { kid } }))()
    },
    invalidToken,
  ],
  [
    'more scopes, put in',
    withToken(
      changed(bearer.token, (it) => {
        it.scope = 'cases:review'
      }),
    ),
    invalidToken,
  ],
  [
    'another client, put in',
    withToken(
      changed(bearer.token, (it) => {
        it.client_id = casework
      }),
    ),
    invalidToken,
  ],
  [
    'a life that is longer, put in',
    withToken(
      changed(bearer.token, (it) => {
        it.exp = now() + 9_999
      }),
    ),
    invalidToken,
  ],
  [
    'a critical extension',
    async () => {
      const token = await theirToken({})
      const [, body, signature] = token.split('.')
      const header = { alg: 'ES256', typ: 'at+jwt', kid: outside.key.thumbprint, crit: ['x'], x: 1 }
      const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
      return withToken(`${encoded}.${body}.${signature}`)()
    },
    invalidToken,
  ],
  [
    'an ID token',
    async () => withToken(await theirToken({}, { header: { typ: 'JWT' } }))(),
    invalidToken,
  ],
  [
    'no type',
    async () => withToken(await theirToken({}, { header: { typ: undefined } }))(),
    invalidToken,
  ],
  [
    'no kid',
    async () => withToken(await theirToken({}, { header: { kid: undefined } }))(),
    invalidToken,
  ],
  [
    'an unknown kid',
    async () => withToken(await theirToken({}, { header: { kid: 'k' } }))(),
    invalidToken,
  ],
  [
    'an issuer that nobody named',
    async () => withToken(await outside.key.token({ ...theirs, iss: 'https://evil.example' }))(),
    invalidToken,
  ],
  [
    'an issuer with a slash more',
    async () => withToken(await outside.key.token({ ...theirs, iss: `${outside.url}/` }))(),
    invalidToken,
  ],
  [
    "a client of ours, by an outside issuer's word",
    async () => withToken(await theirToken({ sub: casework, client_id: casework }))(),
    invalidToken,
  ],
  ...claimsOfWrongKind.map(
    ([name, claims]): Row => [
      name,
      async () => withToken(await theirToken(claims))(),
      invalidToken,
    ],
  ),
  ...['iss', 'aud', 'exp', 'iat', 'sub', 'client_id', 'jti'].map(
    (claim): Row => [
      `no ${claim}`,
      async () => withToken(await theirToken({}, { without: [claim] }))(),
      invalidToken,
    ],
  ),
  ['a bound token as Bearer', withToken(worker.token), /^DPoP .*error="invalid_token"/],
  [
    'a token of no scope',
    async () => withToken(await theirToken({}))(),
    /^Bearer .*error="insufficient_scope", scope="cases:review"$/,
    403,
  ],
  [
    'a scope that only the token says',
    withToken(bearer.token),
    /^Bearer .*error="insufficient_scope", scope="cases:review"$/,
    403,
  ],
  [
    'a client that must use DPoP and does not',
    async () => withToken(await theirToken({ sub: 'person-7', scope: 'audit:read' }))(),
    /^DPoP .*error="invalid_token"/,
  ],
]

const invalidProof = /^DPoP realm="referral-intake", error="invalid_dpop_proof", algs="ES256/
type Proof = Parameters<typeof worker.signer.proof>[3]

const proven = (dpop: string) => get({ authorization: `DPoP ${worker.token}`, dpop })
const proof = (changes: Proof, { signer = worker.signer, method = 'GET', at = path } = {}) =>
  signer.proof(method, url + at, worker.token, changes)
const withProof =
  (...made: Parameters<typeof proof>) =>
  async () =>
    proven(await proof(...made))

const proofs: Row[] = [
  ['no proof', () => get({ authorization: `DPoP ${worker.token}` }), invalidProof],
  ['garbage', () => proven('garbage'), invalidProof],
  ['of five thousand letters', () => proven('a'.repeat(5_000)), invalidProof],
  ['two of them', async () => proven(`${await proof({})}, ${await proof({})}`), invalidProof],
  ['of another type', withProof({ header: { typ: 'JWT' } }), invalidProof],
  ['of no type', withProof({ header: { typ: undefined } }), invalidProof],
  ['without its key', withProof({ header: { jwk: undefined } }), invalidProof],
  [
    'with a private key',
    withProof({ header: { jwk: { ...worker.signer.publicJwk, d: 'AAAA' } } }),
    invalidProof,
  ],
  ['with a symmetric key', withProof({ header: { jwk: { kty: 'oct', k: 'AAAA' } } }), invalidProof],
  ["with another's key", withProof({ header: { jwk: stranger.publicJwk } }), invalidProof],
  ["by another's key", withProof({}, { signer: stranger }), invalidProof],
  ['without jti', withProof({ without: ['jti'] }), invalidProof],
  ['a number as jti', withProof({ claims: { jti: 7 } }), invalidProof],
  ['an empty jti', withProof({ claims: { jti: '' } }), invalidProof],
  ['a jti of a thousand letters', withProof({ claims: { jti: 'a'.repeat(1_000) } }), invalidProof],
  ['without htm', withProof({ without: ['htm'] }), invalidProof],
  ['for another method', withProof({}, { method: 'POST' }), invalidProof],
  ['for the method in small letters', withProof({}, { method: 'get' }), invalidProof],
  ['without htu', withProof({ without: ['htu'] }), invalidProof],
  ['for another path', withProof({}, { at: '/v1/cases' }), invalidProof],
  ['for another host', withProof({ claims: { htu: `https://evil.example${path}` } }), invalidProof],
  [
    'for an address with a user',
    withProof({ claims: { htu: url.replace('//', '//user@') + path } }),
    invalidProof,
  ],
  ['for no address', withProof({ claims: { htu: 'here' } }), invalidProof],
  ['a list as htu', withProof({ claims: { htu: [url + path] } }), invalidProof],
  ['without iat', withProof({ without: ['iat'] }), invalidProof],
  ['of two minutes ago', withProof({ claims: { iat: now() - 120 } }), invalidProof],
  ['of a minute to come', withProof({ claims: { iat: now() + 90 } }), invalidProof],
  ['a text as iat', withProof({ claims: { iat: 'now' } }), invalidProof],
  ['that has expired by itself', withProof({ claims: { exp: now() - 60 } }), invalidProof],
  ['without ath', withProof({ without: ['ath'] }), invalidProof],
  ['for another token', withProof({ claims: { ath: 'AAAA' } }), invalidProof],
  [
    'used before',
    async () => {
      const dpop = await proof({})
      if ((await proven(dpop)).status !== 200) throw new Error('it is good once')
      return proven(dpop)
    },
    invalidProof,
  ],
  [
    'with a token that nothing binds',
    async () => {
      const dpop = await proof({})
      return get({ authorization: `DPoP ${bearer.token}`, dpop })
    },
    /^DPoP .*error="invalid_token"/,
  ],
]

const signer = await registeredSigner(built, partner)
const own401 = /^Bearer realm="referral-intake", error="invalid_client"$/
type Changes = Parameters<typeof signer.assertion>[2]

const ask = async (assertion: string, form?: Record<string, string>): Promise<Answer> =>
  askToken(url, assertion, form && { form })
const asserted =
  (changes: Changes, { by = signer, id = partner, aud = issuer } = {}) =>
  async () =>
    ask(await by.assertion(id, aud, changes))

const assertions: Row[] = [
  ['garbage', () => ask('garbage'), own401],
  ['two dots', () => ask('..'), own401],
  ['by a key that is not registered', asserted({}, { by: stranger }), own401],
  ["by another client's key", asserted({}, { by: worker.signer }), own401],
  ['by no client', asserted({}, { id: newId() }), own401],
  ['by a client that is no id', asserted({}, { id: "' or true --" }), own401],
  ['for another server', asserted({}, { aud: 'https://other.example' }), own401],
  ['for the token endpoint', asserted({}, { aud: `${issuer}/token` }), own401],
  ['for a list of servers', asserted({ claims: { aud: [issuer] } }), own401],
  ['for ten minutes', asserted({ claims: { exp: now() + 600 } }), own401],
  [
    'for ten minutes, without iat',
    asserted({ claims: { exp: now() + 600 }, without: ['iat'] }),
    own401,
  ],
  ['that has expired', asserted({ claims: { iat: now() - 200, exp: now() - 140 } }), own401],
  ['of a time to come', asserted({ claims: { iat: now() + 50, exp: now() + 80 } }), own401],
  ['with an nbf to come', asserted({ claims: { nbf: now() + 300 } }), own401],
  ['a text as exp', asserted({ claims: { exp: 'soon' } }), own401],
  ...['iss', 'sub', 'aud', 'exp', 'jti'].map(
    (claim): Row => [`without ${claim}`, asserted({ without: [claim] }), own401],
  ),
  ['another iss than sub', asserted({ claims: { iss: casework } }), own401],
  ['a number as jti', asserted({ claims: { jti: 7 } }), own401],
  ['a jti of a thousand letters', asserted({ claims: { jti: 'a'.repeat(1_000) } }), own401],
  [
    'alg none',
    async () => {
      const [, body] = (await signer.assertion(partner, issuer)).split('.')
      return ask(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`)
    },
    own401,
  ],
  [
    'used before',
    async () => {
      const assertion = await signer.assertion(partner, issuer)
      if ((await askToken(url, assertion)).status !== 200) throw new Error('it is good once')
      return ask(assertion)
    },
    own401,
  ],
  [
    'as another type of assertion',
    async () => ask(await signer.assertion(partner, issuer), { client_assertion_type: 'urn:x' }),
    own401,
  ],
]

const counted = async () => {
  const text = await metrics.registry.getSingleMetricAsString('intake_access_refused_total')
  return [...text.matchAll(/ (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}

t.test('what the rows are made from is accepted as it is', async (t) => {
  t.equal((await get(await worker.headers('GET', path))).status, 200)
  t.equal((await askToken(url, await signer.assertion(partner, issuer))).status, 200)
  const submit = await theirToken({ scope: 'referrals:submit' })
  const headers = { authorization: `Bearer ${submit}` }
  const put = await fetch(`${url}/v1/referrals/${newId()}`, { method: 'PUT', headers })
  t.equal(put.status, 400, 'known, and refused for its body alone')
})

t.test('a target with scheme and host is the same as without', async (t) => {
  for (const host of ['http://other.example:1', 'https://other.example']) {
    const headers = await worker.headers('GET', path)
    const sent = request(url, { path: host + path, headers }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    answer.resume()
    t.equal(answer.statusCode, 200, host)
  }
})

t.test('every hostile token, proof and assertion is refused in words, and counted', async (t) => {
  const rows = { tokens, proofs, assertions }
  const all = Object.entries(rows).flatMap(([kind, list]) =>
    list.map((row) => [kind, row] as const),
  )
  t.ok(all.length >= 60, `there are ${all.length}`)
  for (const [kind, [name, send, challenge, status = 401]] of all) {
    const before = await counted()
    const answer = await send()
    t.equal(answer.status, status, `${kind}: ${name}`)
    t.match(answer.challenge, challenge, `${kind}: ${name}`)
    t.equal((await counted()) - before, 1, `${kind}: ${name}, counted`)
  }
})

t.test('none of it is a fault of ours, or stands in the log', async (t) => {
  t.notMatch(built.log(), /"level":(50|60)/)
  t.notMatch(built.log(), /zuleika|eyJ/)
})
