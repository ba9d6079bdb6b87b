import fc from 'fast-check'
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { createMetrics } from '../../src/metrics.ts'
import { secretOf } from '../../src/proof/store.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import {
  asBearer,
  challengeFor,
  putPublicly,
  receiptKeysOfNobody,
  sealedByReceipt,
  sendPublicly,
  solve,
} from '../helpers/receipt.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const page = 'https://refer.example.org'
const metrics = createMetrics()
const built = await build(t, { formOrigins: [page], metrics })
const { world, url } = built
const { lawFirm } = world.referring
const sql = asSuperuser(t, built.databases)
const asCasework = await callerOf(world, url, world.clients.casework)
const reader = createReader({
  url,
  trust: world.trust,
  recipient: world.recipients.casework,
  token: () => world.token(world.clients.casework),
})
t.afterEach(() => requireBalanced(sql))

t.test('a referral by a receipt is stored, told, claimed, opened and answered', async (t) => {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  const sent = await sendPublicly(url, envelope)
  t.equal(sent.status, 201)
  const { reference, receivedAt, entryId } = sent.body
  const told = { referralId, reference, receivedAt, unread: 0 }
  t.strictSame((await asBearer(url, keys)).body, {
    referrals: [{ ...told, state: 'received', changedAt: receivedAt }],
  })

  const again = await sendPublicly(url, envelope)
  t.equal(again.status, 200)
  t.strictSame(again.body, sent.body, 'the same bytes get the first acknowledgement')
  const [entry] = await sql`
    select convert_from(leaf, 'UTF8')::jsonb as said from audit_entry where id = ${entryId}`
  t.match(entry, { said: { caller: 'anonymous', action: 'referral.submitted' } })

  const [claim] = await reader.claim({ max: 1, leaseSeconds: 60 })
  const opened = await reader.open(claim!.referrals[0]!)
  t.match(opened, { opened: true, referralId, signedBy: 'receipt' })
  t.equal(claim!.unverified, true)
  const reason = 'no_capacity'
  await reader.complete(claim!, { outcome: 'declined', reason, referrals: [referralId] })
  const [state] = (await asBearer(url, keys)).body.referrals
  const { changedAt } = state
  t.strictSame(state, { ...told, state: 'declined', changedAt }, 'and not why')
  t.ok(changedAt > receivedAt)
})

t.test('only the same receipt amends, and it sees both', async (t) => {
  const keys = receiptKeysOfNobody()
  const first = sealedByReceipt(world, keys)
  await sendPublicly(url, first)
  const supersedes = first.header.referralId
  const amend = async (by: typeof keys) => {
    const envelope = sealedByReceipt(world, by, { supersedes })
    return { envelope, ...(await sendPublicly(url, envelope)) }
  }
  const strange = await amend(receiptKeysOfNobody())
  t.match(strange.body, { code: 'not-found', status: 404 })
  const { receipt } = keys
  const knowing = await amend({ ...receiptKeysOfNobody(), receipt })
  t.match(knowing.body, { code: 'unknown-signer' }, 'whoever saw the hash of a receipt holds none')
  const byFirm = await callerOf(world, url, lawFirm.clientId)
  const theirs = sealed(world, { supersedes })
  const refused = await byFirm('PUT', `/v1/referrals/${theirs.header.referralId}`, theirs)
  t.match(refused.body, { code: 'not-found' })

  const amended = await amend(keys)
  t.equal(amended.status, 201)
  t.match((await amend(keys)).body, { code: 'not-found' }, 'what was amended is not amended again')
  const { referrals } = (await asBearer(url, keys)).body
  t.match(
    referrals,
    [{ referralId: amended.envelope.header.referralId, supersedes }, { referralId: supersedes }],
    'the newest first',
  )
  t.equal(referrals.length, 2)
})

t.test('of the first two referrals under one receipt, by two keys, one is stored', async (t) => {
  const keys = receiptKeysOfNobody()
  const other = { ...receiptKeysOfNobody(), receipt: keys.receipt }
  const waiting = async () => {
    const [row] = await sql<[{ count: number }]>`
      select count(*)::int from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return row.count
  }
  // Holds both where their referrals are stored and nothing is committed yet.
  const sending = await sql.begin(async (held) => {
    await held`lock table compartment in share mode`
    const both = [keys, other].map((each) => sendPublicly(url, sealedByReceipt(world, each)))
    const sent = Promise.all(both)
    for (let tries = 0; (await waiting()) < 2 && tries < 500; tries += 1) {
      await held`select pg_sleep(0.01)`
    }
    return { sent }
  })
  const answers = await sending.sent
  t.same(answers.map(({ status }) => status).sort(), [201, 422])
  t.match(answers.find(({ status }) => status === 422)?.body, {
    code: 'unknown-signer',
    stored: false,
  })
  await untilPaired(sql)
})

t.test('whoever saw the hash of a receipt puts nothing on the list of its holder', async (t) => {
  const keys = receiptKeysOfNobody()
  const first = sealedByReceipt(world, keys)
  await sendPublicly(url, first)
  const { receipt } = keys
  const stranger = await sendPublicly(
    url,
    sealedByReceipt(world, { ...receiptKeysOfNobody(), receipt }),
  )
  t.match(stranger.body, { code: 'unknown-signer', stored: false })
  const byFirm = await callerOf(world, url, lawFirm.clientId)
  const theirs = sealed(world, { receipt })
  const firm = await byFirm('PUT', `/v1/referrals/${theirs.header.referralId}`, theirs)
  t.match(firm.body, { code: 'malformed-request', stored: false })

  const { referrals } = (await asBearer(url, keys)).body
  t.match(referrals, [{ referralId: first.header.referralId }])
  t.equal(referrals.length, 1)
  const supersedes = referrals[0].referralId
  t.equal((await sendPublicly(url, sealedByReceipt(world, keys, { supersedes }))).status, 201)
})

t.test('a withdrawal is asked for: people see it, and nothing is changed or erased', async (t) => {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  await sendPublicly(url, envelope)
  const other = (await refer(built)).referralId
  const before = await sql`select id, state from referral order by id`
  const ask = (id: string, by = keys) => asBearer(url, by, 'POST', { referralId: id })
  const [asked, meanwhile] = await Promise.all([ask(referralId), ask(referralId)])
  t.equal(asked.status, 200)
  t.strictSame(meanwhile.body, asked.body)
  t.strictSame((await ask(referralId)).body, asked.body, 'the first time stands')
  const { withdrawalAskedAt: askedAt } = asked.body
  t.equal(asked.body.referralId, referralId)
  t.match((await asBearer(url, keys)).body, { referrals: [{ withdrawalAskedAt: askedAt }] })
  t.equal((await ask(other)).status, 404, 'not of another')
  t.equal((await ask(referralId, receiptKeysOfNobody())).status, 404, 'and not by another')

  t.strictSame(await sql`select id, state from referral order by id`, before)
  const { body } = await asCasework('GET', '/v1/cases/reviews?limit=50')
  const flags = (body.reviews as { kind: string }[]).filter(({ kind }) => kind === 'withdrawal')
  t.match(flags, [{ at: askedAt }])
  t.equal(flags.length, 1)
  const claims = await reader.claim({ max: 50, leaseSeconds: 60 })
  const claimed = claims.flatMap(({ referrals }) => referrals)
  const one = claimed.find((referral) => referral.referralId === referralId)!
  t.match(one, { withdrawalAskedAt: askedAt, answered: false })
  const alone = await asCasework('GET', `/v1/referrals/${referralId}?recipient=${reader.kid}`)
  t.match(alone.body, { withdrawalAskedAt: askedAt, answered: false }, 'opened by itself too')
  t.match(await reader.open(one), { opened: true }, 'and it opens as before')
})

t.test('a receipt shows nothing of others, and one that nobody has is counted', async (t) => {
  await sendPublicly(url, sealedByReceipt(world, receiptKeysOfNobody()))
  const shown = async () => {
    const counter = metrics.registry.getSingleMetric('intake_unknown_receipts_total')
    return (await counter!.get()).values[0]?.value
  }
  const before = (await shown())!
  const { status, body } = await asBearer(url, receiptKeysOfNobody())
  t.equal(status, 404)
  t.match(body, { code: 'not-found' })
  t.equal(await shown(), before + 1)
  const turnedAway = async () => {
    const { values } = await metrics.registry.getSingleMetric('intake_access_refused_total')!.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }
  const none = ['', 'Receipt', 'Receipt AAAA', `Bearer ${'A'.repeat(43)}`]
  const turned = await turnedAway()
  for (const authorization of none) {
    const answer = await fetch(`${url}/v1/receipt`, { headers: { authorization } })
    t.equal(answer.status, 401, authorization)
    t.equal(answer.headers.get('www-authenticate'), 'Receipt realm="referral-intake"')
    const problem = await answer.json()
    t.match(problem, { code: 'receipt-required', title: 'A receipt is required', retry: 'never' })
    t.notMatch(JSON.stringify(problem), /token|sign in/i)
  }
  t.equal(await turnedAway(), turned + none.length)
})

t.test(
  'what is asked again and again with a receipt is an entry a minute, not each time',
  async (t) => {
    const keys = receiptKeysOfNobody()
    const envelope = sealedByReceipt(world, keys)
    const { referralId } = envelope.header
    await sendPublicly(url, envelope)
    await asBearer(url, keys, 'POST', { referralId })
    // Those of a step, which pairs it at any time, left out.
    const entries = () => sql`
    select convert_from(leaf, 'UTF8')::jsonb ->> 'action' as action from audit_entry
    where object_id = ${referralId} and action <> 'referral.paired' order by at, id`
    const before = await entries()
    for (let times = 0; times < 3; times += 1) {
      t.equal((await asBearer(url, keys)).status, 200)
      t.equal((await asBearer(url, keys, 'POST', { referralId })).status, 200)
      t.equal((await sendPublicly(url, envelope)).status, 200)
    }
    const acts = [{ action: 'referral.submitted' }, { action: 'withdrawal.asked' }]
    t.match(before, acts)
    // A minute may have ended in between, whose sums are written: one of each act, whatever was asked.
    t.ok((await entries()).length <= before.length + 3 * 2)
  },
)

t.test('a proof counts once, for its act and its body, and no other proof does', async (t) => {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  const body = JSON.stringify(envelope)
  const challenge = await challengeFor(url, 'submit', body)
  const proof = await solve(challenge)
  const unsolved = (solution: object, changed: object = challenge) =>
    encodeBase64url(utf8(JSON.stringify({ challenge: changed, solution })))
  const { solution } = JSON.parse(Buffer.from(proof, 'base64url').toString())
  const derivedKey = challenge.parameters.keyPrefix.padEnd(64, '0')
  const parameters = { ...challenge.parameters, expiresAt: challenge.parameters.expiresAt + 60 }
  const { data } = challenge.parameters
  const otherAct = { ...challenge.parameters, data: { ...data, action: 'withdraw' } }
  const expired = { ...challenge.parameters, expiresAt: 1 }
  const rows: [string, string | undefined][] = [
    ['none', undefined],
    ['no base64url', '{}'],
    ['no JSON', 'AAAA'],
    ['no solution', unsolved({ counter: 1, derivedKey })],
    ['a challenge that was prolonged', unsolved(solution, { ...challenge, parameters })],
    ['a challenge that has expired', unsolved(solution, { ...challenge, parameters: expired })],
    ['more than a solution', unsolved({ ...solution, more: 1 })],
    ['of another act', unsolved(solution, { ...challenge, parameters: otherAct })],
    ['of another body', await solve(await challengeFor(url, 'submit', `${body} `))],
  ]
  for (const [name, header] of rows) {
    const answer = await putPublicly(url, referralId, body, header)
    t.equal(answer.status, 403, name)
    t.match(answer.body, { code: 'proof-required', retry: 'after-refresh', stored: false }, name)
    t.equal(answer.headers.get('www-authenticate'), null)
  }
  t.equal((await putPublicly(url, referralId, body, proof)).status, 201)
  t.match((await putPublicly(url, referralId, body, proof)).body, { code: 'proof-required' })
})

t.test('whatever its header says, what is no proof is refused as that', async (t) => {
  const challenge = await challengeFor(url, 'submit', '')
  const { parameters } = challenge
  const solution = { counter: 1, derivedKey: parameters.keyPrefix }
  const header = (changed: object, by: object = solution) =>
    encodeBase64url(
      utf8(
        JSON.stringify({
          challenge: { ...challenge, parameters: { ...parameters, ...changed } },
          solution: by,
        }),
      ),
    )
  const requireRefused = async (value: string) => {
    const { status, body } = await putPublicly(url, newId(), '', value)
    if (status !== 403 || body.code !== 'proof-required') throw new Error(JSON.stringify(body))
  }

  // The last of a day with four digits and the next, the last that JavaScript has and the next, and none.
  const ends = [253_402_300_799, 253_402_300_800, 8_640_000_000_000, 8_640_000_000_001]
  const beyond = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.MAX_VALUE, -0.5]
  for (const expiresAt of [...ends, ...beyond]) await requireRefused(header({ expiresAt }))

  const now = Math.floor(Date.now() / 1000)
  const second = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: now - 90_000, max: now + 90_000 }))
  const count = fc.oneof(fc.maxSafeNat(), fc.nat(100))
  const hex = fc.uint8Array({ maxLength: 65 }).map((bytes) => Buffer.from(bytes).toString('hex'))
  const numbers = { expiresAt: second, cost: count, keyLength: count }
  const texts = { keyPrefix: hex, keySignature: hex, nonce: hex, salt: hex }
  const changed = fc.record({ ...numbers, ...texts }, { requiredKeys: ['expiresAt'] })
  const solved = fc.record({ counter: count, derivedKey: hex })
  const anyHeader = fc.oneof(
    fc.tuple(changed, solved).map(([parts, by]) => header(parts, by)),
    fc.json().map((json) => encodeBase64url(utf8(json))),
    fc.base64String(),
  )
  await fc.assert(fc.asyncProperty(anyHeader, requireRefused), { numRuns: 300 })

  t.notMatch(built.log(), /"level":[56]0/, 'nobody is woken')
})

t.test('secrets of days are forgotten by the clock of the database', async (t) => {
  await challengeFor(url, 'submit', '')
  const days = () => sql`select day::text from daily_secret order by day`
  const before = await days()
  await sql`insert into daily_secret (day, secret) values (current_date - 3, '')`
  const system = { kind: 'system', request: newId() } as const
  const later = '2999-01-01'
  await built.database.inTransaction(system, (tx) => secretOf(tx, later, randomBytes(32)))
  t.strictSame(
    [...(await days())],
    [...before, { day: later }],
    'and not by the day that is asked for',
  )
})

t.test('a proof is looked at before the body is read', async (t) => {
  // A body that would not be read: it is no JSON, and longer than any may be.
  const body = 'x'.repeat(600_000)
  t.match((await putPublicly(url, newId(), body)).body, { code: 'proof-required' })
  const proof = await solve(await challengeFor(url, 'submit', body))
  t.match((await putPublicly(url, newId(), body, proof)).body, { code: 'body-too-large' })
})

t.test('what a receipt may not send', async (t) => {
  const keys = receiptKeysOfNobody()
  const { receipt: _, ...unnamed } = sealedByReceipt(world, keys)
  const organisation = { ...keys, signing: lawFirm.signing }
  const theirs = (await refer(built)).referralId
  const matching = { epoch: 1, values: [{ type: 'REF_uan', value: 'A'.repeat(22) }] }
  const { replyTo: __, ...unanswerable } = sealedByReceipt(world, keys).header
  const rows = [
    ['no receipt', 'malformed-request', unnamed],
    ['match values', 'malformed-request', sealedByReceipt(world, keys, { matching })],
    ['the key of an organisation', 'unknown-signer', sealedByReceipt(world, organisation)],
    [
      'another key than it answers to',
      'unknown-signer',
      sealedByReceipt(world, keys, { signer: receiptKeysOfNobody().signing }),
    ],
    [
      'no key to answer to',
      'unknown-signer',
      { ...sealedByReceipt(world, keys), header: unanswerable },
    ],
    ["a law firm's id", 'referral-id-taken', sealedByReceipt(world, keys, { referralId: theirs })],
  ] as const
  for (const [name, code, envelope] of rows) {
    t.match((await sendPublicly(url, envelope as never)).body, { code }, name)
  }
})

t.test('what no organisation stands behind is marked, and claimed apart', async (t) => {
  const { referralId } = await refer(built)
  const apart = sealedByReceipt(world, receiptKeysOfNobody())
  await sendPublicly(url, apart)
  const listed = await asCasework('GET', '/v1/triage/items?state=waiting&limit=50')
  type Item = { referralIds: string[]; unverified: boolean }
  const mark = (id: string) =>
    (listed.body.items as Item[]).find(({ referralIds }) => referralIds[0] === id)?.unverified
  t.equal(mark(referralId), false)
  t.equal(mark(apart.header.referralId), true)
  const claim = async (unverified: boolean) => {
    const claims = await reader.claim({ max: 50, leaseSeconds: 60, unverified })
    t.ok(claims.every((claim) => claim.unverified === unverified))
    return claims.map(({ referrals }) => referrals[0]!.referralId)
  }
  const verified = await claim(false)
  t.ok(verified.includes(referralId))
  t.notOk(verified.includes(apart.header.referralId))
  t.ok((await claim(true)).includes(apart.header.referralId))
})

t.test('a page that is named may call the open routes, and no others', async (t) => {
  const asked = { 'access-control-request-method': 'PUT' }
  const ask = async (path: string, origin: string, headers = {}, method = 'OPTIONS') => {
    const answer = await fetch(url + path, { method, headers: { origin, ...headers } })
    t.equal(answer.headers.get('access-control-allow-credentials'), null)
    const allowed = answer.headers.get('access-control-allow-origin')
    return { status: answer.status, allowed, headers: answer.headers }
  }
  const open = [
    ...[`/v1/public/referrals/${newId()}`, '/v1/public/challenges', '/v1/receipt'],
    ...['/v1/receipt/withdrawal', '/v1/keyset', '/v1/keyset/1'],
    ...['/v1/receipt/documents', `/v1/receipt/documents/${newId()}`],
  ]
  for (const path of open) {
    const { status, allowed, headers } = await ask(path, page, asked)
    t.strictSame([status, allowed], [204, page], path)
    const named = headers.get('access-control-allow-headers')
    t.equal(
      named,
      'authorization, content-type, proof-of-work, range, tus-resumable, upload-length, upload-metadata, upload-offset',
    )
    t.equal(headers.get('access-control-allow-methods'), 'GET, HEAD, PATCH, POST, PUT')
    t.match(
      headers.get('access-control-expose-headers'),
      /tus-resumable, upload-length, upload-offset$/,
    )
    t.equal((await ask(path, 'https://elsewhere.example.org', asked)).allowed, null)
  }
  for (const path of ['/v1/referrals/x', '/v1/receipts', '/v1/keysets', '/v1/documents', '/']) {
    t.equal((await ask(path, page, asked)).allowed, null, path)
  }
  t.equal((await ask('/v1/keyset', page, {}, 'GET')).allowed, page)
  const refused = await ask('/v1/receipt', page, {}, 'GET')
  t.strictSame([refused.status, refused.allowed], [401, page], 'a refusal can be read as well')
})
