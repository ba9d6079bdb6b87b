import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  generateTokenKey,
  issueToken,
  readPublicKey,
  tokenMinutesMax,
} from '../../src/access/token.ts'
import { newId } from '../../src/protocol/uuid.ts'

const folder = await mkdtemp(join(tmpdir(), 'intake-token-'))
t.teardown(() => rm(folder, { recursive: true }))
const file = join(folder, 'key.pem')
await generateTokenKey(file)
const pem = await readFile(file, 'utf8')

const parts = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

t.test('the private key is for its owner only and is never written over', async (t) => {
  t.equal((await stat(file)).mode & 0o777, 0o600)
  await t.rejects(generateTokenKey(file), { code: 'EEXIST' })
  t.equal(await readFile(file, 'utf8'), pem)
})

t.test('a verifier reads the public half from either half, and no more than that', async (t) => {
  const fromPrivate = await readPublicKey(file)
  t.match(fromPrivate, /^-----BEGIN PUBLIC KEY-----/)
  t.notMatch(fromPrivate, /PRIVATE/)
  const half = join(folder, 'key.pub')
  await writeFile(half, fromPrivate)
  t.equal(await readPublicKey(half), fromPrivate)
})

t.test('a token has the form of RFC 9068', async (t) => {
  const clientId = newId()
  const [header, claims] = parts(issueToken(pem, 'intake.test', clientId, 5, 'p-17'))
  t.match(header, { alg: 'EdDSA', typ: 'at+jwt' })
  t.match(claims, {
    ...{ iss: 'https://intake.test', aud: 'https://intake.test' },
    ...{ sub: clientId, client_id: clientId, act: { sub: 'p-17' }, jti: /^[0-9a-f-]{36}$/ },
  })
  t.equal(claims.exp - claims.iat, 300)
})

t.test('a token names a person by an opaque id, never by what may be a name', async (t) => {
  for (const person of ['Zuleika Dobson', 'zuleika@example.org', 'Zuléika', '', 'a'.repeat(65)]) {
    const issue = () => issueToken(pem, 'intake.test', newId(), 5, person)
    t.throws(issue, { code: 'malformed-request' }, person)
  }
})

t.test('a token for longer than a day is not issued', async (t) => {
  for (const minutes of [0, -1, tokenMinutesMax + 1, Number.NaN]) {
    const issue = () => issueToken(pem, 'intake.test', newId(), minutes)
    t.throws(issue, { code: 'malformed-request' })
  }
  t.equal(tokenMinutesMax, 24 * 60)
})
