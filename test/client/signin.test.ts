// Goal: nobody copies a token: the SDK and the command line sign in by a key, and go on where a nonce, a clock or
// an end of a token is in the way.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { OutsideCaller } from '../../src/access/issuers.ts'
import { createReader, createReferrer, createSignIn } from '../../src/client/index.ts'
import { createMetrics } from '../../src/metrics.ts'
import {
  clientJwkOf,
  generateClientKey,
  sealClientKey,
} from '../../src/protocol/partner/clientkey.ts'
import { called, folderOf, node, partyOf } from '../cli/run.ts'
import { build } from '../helpers/build.ts'
import { startOutside } from '../helpers/outside.ts'
import { onHost } from '../helpers/publish.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { serve } from './between.ts'

const audience = 'https://intake.test'
const theirs = generateClientKey()
const outside = await startOutside(t, audience, { key: clientJwkOf(theirs), kid: theirs.kid })
const callers: OutsideCaller[] = []
const trusted = { issuer: outside.url, jwks: `${outside.url}/jwks`, audience, callers }
const metrics = createMetrics()
const built = await build(t, { metrics, trustedIssuers: [trusted] })
const { world, url } = built
const { casework } = world.clients
const sql = asSuperuser(t, built.databases)
callers.push({ client_id: 'their-server', client: casework })

/** A key that is registered for a client. */
async function registered(clientId: string) {
  const key = generateClientKey()
  await onHost(built, (host) => host.addClientKey({ clientId, jwk: clientJwkOf(key) }))
  return key
}

async function tokensIssued(): Promise<number> {
  const text = await metrics.registry.getSingleMetricAsString('intake_tokens_issued_total')
  return Number(/ (\d+)$/m.exec(text)?.[1])
}

const readerBy = (token: ReturnType<typeof createSignIn>) =>
  createReader({ url, trust: world.trust, recipient: world.recipients.casework, token })

t.test('a partner refers and a recipient opens, each by its key and with one token', async (t) => {
  const { clientId, signing } = world.referring.lawFirm
  const before = await tokensIssued()
  const referrer = createReferrer({
    ...{ url, trust: world.trust, signer: signing },
    token: createSignIn({ url, clientId, key: await registered(clientId) }),
  })
  const envelope = await referrer.seal({
    channel: 'legal_representative',
    region: 'heathrow',
    referral: { identity: { familyName: 'Okonkwo' } },
  })
  await referrer.submit(envelope)
  const key = await registered(casework)
  const reader = readerBy(createSignIn({ url, clientId: casework, key }))
  const [[claim]] = await Promise.all([
    reader.claim({ max: 1, leaseSeconds: 60 }),
    reader.reviews({}),
  ])
  t.match(await reader.open(claim!.referrals[0]!), { opened: true })
  t.equal((await tokensIssued()) - before, 2, 'and requests at once wait for one token')
})

t.test('an app acts for the person whom it names, and the log says so', async (t) => {
  const key = await registered(casework)
  const token = createSignIn({ url, clientId: casework, key, person: 'p-18' })
  t.equal((await token.fetch(`${url}/v1/directory`, { method: 'GET', headers: {} })).status, 200)
  const people = await sql`select from audit_opening where person = 'p-18'`
  t.not(people.length, 0)
})

t.test('a token that the service takes no more is replaced', async (t) => {
  const key = await registered(casework)
  const reader = readerBy(createSignIn({ url, clientId: casework, key }))
  await reader.reviews({})
  const other = createSignIn({ url, clientId: casework, key })
  await other.ready()
  const before = await tokensIssued()
  const { fetch: send } = globalThis
  let shown = 0
  globalThis.fetch = (input, init) => {
    // The first of these requests carries a token that nobody issued.
    const headers = new Headers(init?.headers)
    if (String(input).includes('/v1/') && shown++ === 0) headers.set('authorization', 'DPoP none')
    return send(input, { ...init, headers })
  }
  t.teardown(() => {
    globalThis.fetch = send
  })
  t.ok(await readerBy(other).reviews({}))
  t.equal((await tokensIssued()) - before, 1)
})

t.test('an issuer that wants a nonce gets it, and its token is taken here', async (t) => {
  const signIn = createSignIn({ url, issuer: outside.url, clientId: 'their-server', key: theirs })
  const path = `${url}/v1/triage/items?state=waiting`
  const ask = () => signIn.fetch(path, { method: 'GET', headers: {} })
  // Its tokens are asked for without a scope, and so are good for none: known, and no more.
  t.equal((await ask()).status, 403)
})

t.test('a key that is not registered is told as that, and is not tried again', async (t) => {
  const reader = readerBy(createSignIn({ url, clientId: casework, key: generateClientKey() }))
  const refused = { name: 'Refusal', code: 'unauthenticated', message: /no token for this key/ }
  await t.rejects(reader.reviews({}), refused)
})

t.test('an issuer that is away says so, and nothing of the client', async (t) => {
  const { clientId } = world.referring.lawFirm
  const body = JSON.stringify({ title: 'The service is not ready', code: 'not-ready' })
  const away = await serve(t, () => ({ status: 503, body }))
  const token = createSignIn({ url: away.url, clientId, key: generateClientKey() })
  const asked = token.fetch(`${away.url}/v1/keyset`, { method: 'GET', headers: {} })
  await t.rejects(asked, { name: 'ServiceProblem', problem: { status: 503, code: 'not-ready' } })
})

t.test('an address by which the service does not call itself is told', async (t) => {
  const local = url.replace('127.0.0.1', 'localhost')
  const signIn = createSignIn({ url: local, clientId: casework, key: generateClientKey() })
  await t.rejects(signIn.ready(), { code: 'unauthenticated', message: /as it calls itself/ })
  const open = { url: 'http://intake.example.org', clientId: casework, key: generateClientKey() }
  t.throws(() => createSignIn(open), /must be https/)
})

t.test(
  'intake signs in by a key file, on a machine whose clock is ten minutes wrong',
  async (t) => {
    const keys = world.recipients.casework
    const { folder, environment } = await partyOf(t, { url, world, clientId: casework, keys })
    const file = join(folder, 'client.key')
    await writeFile(file, sealClientKey(await registered(casework), undefined), { mode: 0o600 })
    const settings = { ...environment, INTAKE_CLIENT: casework, INTAKE_CLIENT_KEY: file }
    const signingIn = Object.fromEntries(
      Object.entries(settings).filter(([name]) => name !== 'INTAKE_TOKEN_FILE'),
    )
    const program = fileURLToPath(new URL('../../src/cli/intake.js', import.meta.url))
    for (const minutes of [0, 10, -10]) {
      const late = `data:text/javascript,const {now}=Date;Date.now=()=>now()+${minutes}*60000`
      const ran = await node(['--import', late, program, 'reviews'], signingIn)
      t.equal(ran.code, 0, `${minutes} minutes: ${ran.err}`)
    }
    const nobody = await called(t, ['reviews'], { ...signingIn, INTAKE_CLIENT: '' })
    t.match(nobody, { code: 2, err: /which client signs in/ })
  },
)

t.test('a clock that is set while a program runs is followed', async (t) => {
  const key = sealClientKey(await registered(casework), undefined)
  const client = new URL('../../src/client/index.ts', import.meta.url).href
  for (const clocks of [
    [-10, 0],
    [10, 0],
    [0, -10, 10],
  ]) {
    const script = `import { createSignIn, openClientKey, ready } from '${client}'
      await ready
      const [url, clientId] = ['${url}', '${casework}']
      const signIn = createSignIn({ url, clientId, key: openClientKey(${JSON.stringify(key)}) })
      const { now } = Date
      for (const minutes of ${JSON.stringify(clocks)}) {
        Date.now = () => now() + minutes * 60000
        const asked = { method: 'GET', headers: {} }
        const { status } = await signIn.fetch(url + '/v1/cases/reviews', asked)
        if (status !== 200) throw new Error(minutes + ' minutes: ' + status)
      }`
    const ran = await node(['--input-type=module', '--eval', script], {})
    t.equal(ran.code, 0, `${clocks}: ${ran.err}`)
  }
})

t.test(
  'intake makes a key to sign in by, whose public half the administrator registers',
  async (t) => {
    const folder = await folderOf(t)
    const out = join(folder, 'client.key')
    const made = await called(t, ['keys', 'sign-in', '--out', out, '--no-passphrase', '--json'])
    t.equal(made.code, 0, made.err)
    const host = { DATABASE_OWNER_URL: built.databases.ownerUrl, ORIGIN: world.origin }
    const half = join(folder, 'client.pub')
    const add = ['admin', 'client-key', 'add', '--client', casework, '--public-key', half]
    const added = await called(t, [...add, '--json'], host)
    t.equal(added.code, 0, added.err)
    t.equal(JSON.parse(added.out).kid, JSON.parse(made.out).kid)
    const secret = await called(t, add.with(-1, out), host)
    t.equal(secret.code, 1, 'and not its other half')
    const ended = await called(t, ['admin', 'client-key', 'end', JSON.parse(added.out).kid], host)
    t.equal(ended.code, 0, ended.err)
  },
)
