/**
 * Goal: when somebody leaves, the key that they had is followed by another, which opens all that it opened; and what is
 * sealed from then on it does not open.
 * Method: one service; casework's key is followed by a new one, by the SDK, while referrals come in. Whoever rotates is
 * killed between any two requests, and begins anew.
 */
import t from 'tap'
import { createReader, type Rotated, type Thread } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import type { KeyFile } from '../../src/protocol/keyfile.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import type { Keyset } from '../../src/protocol/trust/keyset.ts'
import { verifyVault } from '../../src/vault/verification.ts'
import { between } from '../client/between.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'
import { publishGrantees } from '../helpers/volunteer.ts'
import { withdrawalOf } from '../helpers/withdrawal.ts'

const built = await build(t)
const { world, url } = built
const { casework, clinic } = world.recipients
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const oldKid = casework.receiving.kid
const follower: Required<KeyFile> = {
  signing: generateSigningKey(),
  receiving: generateRecipientKey(),
}
const { kid: newKid } = follower.receiving
const clientOf = (label: string, kid: string) =>
  onHost(built, (host) =>
    host.addClient({
      organisationId: world.referring.telephone.organisationId,
      ...{ label, kind: 'internal', kids: [kid] },
      scopes: ['referrals:open', 'triage:work', 'grants:write', 'messages:write'],
    }),
  )
const newClient = await clientOf('Casework app, new', newKid)

/** Those of the old key pass on; `fetched` counts requests, and kills at one of them. */
function readerOf(recipient: Required<KeyFile>, clientId: string, killedAt = Infinity, at = url) {
  let requests = 0
  const token = () => {
    requests += 1
    if (requests >= killedAt) throw new Error('killed')
    return world.token(clientId)
  }
  return createReader({ url: at, trust: world.trust, recipient, token })
}
const old = () => readerOf(casework, world.clients.casework)
const call = await callerOf(world, url, world.clients.casework)

async function opens(reader: ReturnType<typeof readerOf>, referralId: string): Promise<string> {
  const released = await reader.fetch(referralId).catch(() => undefined)
  if (!released) return 'not released'
  const opened = await reader.open(released)
  return opened.opened ? Object.keys(opened.compartments).length.toString() : opened.step
}
async function countsOf(action: string) {
  const rows = await sql<{ id: string; count: number }[]>`
    select object_id as id, count(*)::int as count from audit_entry
    where action = ${action} and outcome = 'permitted' group by object_id`
  return new Map(rows.map(({ id, count }) => [id, count]))
}

const before = [await refer(built), await refer(built), await refer(built)]
const answered = replyKeys()
const written = await refer(built, undefined, { replyTo: answered.replyTo })
const asFirm = await callerOf(world, url, world.referring.lawFirm.clientId)
const say = (message: ReturnType<typeof messageOn>) =>
  asFirm('POST', `/v1/referrals/${written.referralId}/messages`, message)
const early = messageOn(world, written, undefined, { content: { text: 'Before.' } })
await say(early)
let after: Keyset

t.test('nothing is passed on to a key that no keyset names', async (t) => {
  await t.rejects(old().rotate({ to: newKid }), { code: 'unknown-recipient-key' })
  await t.rejects(old().rotate({ to: oldKid }), { code: 'unknown-recipient-key' })
})

t.test('the key that follows opens all that the old one opened', async (t) => {
  after = await publishKeyset(built, {
    ...world.keyset,
    recipients: world.keyset.recipients.map((recipient) =>
      recipient.kid === oldKid
        ? {
            ...recipient,
            kid: newKid,
            publicKey: encodeBase64url(follower.receiving.publicKey),
            signingKey: encodeBase64url(follower.signing.publicKey),
          }
        : recipient,
    ),
  })
  const fresh = readerOf(follower, newClient)
  for (const { referralId } of before) t.equal(await opens(fresh, referralId), 'not released')
  const seen: Rotated[] = []
  const rotated = await old().rotate({ to: 'Casework', onProgress: (one) => void seen.push(one) })
  t.match(rotated, { given: 4, left: 0, passed: 4, failed: [], revoked: 0 })
  t.ok(seen.length > 0)
  for (const { referralId } of before) {
    t.equal(await opens(fresh, referralId), '10')
    t.equal(await opens(old(), referralId), '10', 'the old key too, until it gives up its wraps')
  }
  const given = await countsOf('grant.given')
  const released = await countsOf('wrap.released')
  for (const { referralId } of before) {
    t.equal(given.get(referralId), 1)
    t.equal(released.get(referralId), 1)
  }
  const [{ until, by } = {}] = await fresh.grants(before[0]!.referralId)
  t.equal(until, undefined, 'without an end')
  t.equal(by, undefined, 'its giver is in the newest keyset no more')
})

t.test('a wrap that is passed on is no opening', async (t) => {
  const { referralId } = await refer(built)
  const path = `/v1/referrals/wraps?recipient=${oldKid}&to=${newKid}`
  const { body } = await call('GET', path)
  t.match(body, { left: 1 })
  t.strictSame(
    body.referrals.map((one: { referralId: string }) => one.referralId),
    [referralId],
  )
  t.strictSame(body.referrals[0].compartments, {}, 'without a compartment')
  const opened = await sql`
    select from audit_entry where object_id = ${referralId} and action = 'referral.opened'`
  t.equal(opened.length, 0)
  t.match(await old().rotate({ to: newKid }), { given: 1, left: 0 })
})

t.test('what is sealed from then on, the old key does not open', async (t) => {
  const sealedNow = await refer(built, undefined, { keyset: keysetReference(after) })
  t.equal(await opens(old(), sealedNow.referralId), 'not released')
  t.equal(await opens(readerOf(follower, newClient), sealedNow.referralId), '10')
  t.notOk(
    sealedNow.envelope.wraps.some(({ kid }) => kid === oldKid),
    'there is no wrap for it',
  )
})

t.test(
  'what is written from then on, the key that follows reads and the old one does not',
  async (t) => {
    const outdated = (number: number) => ({
      ...{ status: 422, code: 'keyset-superseded', stored: false, retry: 'after-refresh' },
      detail: new RegExp(`^keyset ${number} has other readers than the newest, which is 2:`),
    })
    const late = messageOn(world, written, early, { content: { text: 'Too late.' } })
    t.match((await say(late)).body, outdated(1), 'nobody passes a message on: it is sealed anew')
    const under = keysetReference(after)
    const anew = messageOn(world, written, early, { content: { text: 'After.' }, keyset: under })
    t.equal((await say(anew)).status, 201)
    t.equal((await say(early)).status, 200, 'what is stored is the same sent again')

    const fresh = readerOf(follower, newClient)
    const threadOf = async (reader: typeof fresh) => {
      const opened = await reader.open(await reader.fetch(written.referralId))
      if (!opened.opened) throw new Error(opened.step)
      return { opened, thread: await reader.messages(opened) }
    }
    const texts = ({ messages }: Thread) =>
      messages.map((message) => (message.opened ? message.content : message.step))
    const { opened, thread } = await threadOf(fresh)
    t.strictSame([thread.faults, thread.refused], [[], []], 'what it does not open breaks no chain')
    t.strictSame(texts(thread), ['grant', { text: 'After.' }])
    await fresh.reply(opened, { text: 'By the key that follows.' })
    const leaver = await threadOf(old())
    t.strictSame(texts(leaver.thread), [{ text: 'Before.' }, 'grant', 'grant'])
    await t.rejects(old().reply(leaver.opened, { text: 'Still here.' }), { code: 'unknown-signer' })

    const withdraw = (changes = {}) =>
      asFirm(
        'POST',
        `/v1/referrals/${written.referralId}/withdrawal`,
        withdrawalOf(world, written.envelope, changes),
      )
    t.match((await withdraw()).body, outdated(1), 'nor a reason')
    t.equal((await withdraw({ keyset: under })).status, 200)
    const reasonFor = async (reader: typeof fresh) => {
      const released = await reader.fetch(written.referralId)
      const about = await reader.open(released)
      return about.opened ? reader.withdrawalReason(released, about) : about.step
    }
    const content = { text: 'She has another lawyer by now.' }
    t.match(await reasonFor(fresh), { opened: true, content })
    t.equal(await reasonFor(old()), undefined)
  },
)

t.test('the key that follows does its work with what was passed on', async (t) => {
  const { referralId } = before[0]!
  const reader = readerOf(follower, newClient)
  const opened = await reader.open(await reader.fetch(referralId))
  if (!opened.opened) throw new Error(opened.step)
  t.equal((await reader.checkMatchKeys(opened)).referralId, referralId)
  const [claim] = await reader.claim({ max: 1, leaseSeconds: 60, referral: referralId })
  t.ok(claim)
})

t.test('killed between any two requests and begun anew, each is passed on once', async (t) => {
  let isThrough = false
  let killed = 0
  for (let at = 1; !isThrough; at += 1) {
    const referred = [await refer(built), await refer(built)]
    const mortal = readerOf(casework, world.clients.casework, at)
    isThrough = await mortal.rotate({ to: newKid }).then(
      () => true,
      () => false,
    )
    killed += isThrough ? 0 : 1
    t.match(await old().rotate({ to: newKid }), { left: 0, failed: [] })
    const given = await countsOf('grant.given')
    for (const { referralId } of referred) t.equal(given.get(referralId), 1)
  }
  t.ok(killed >= 3, `killed at ${killed} requests`)
})

t.test('a service without an end, or that answers not each grant, is left', async (t) => {
  await refer(built)
  // What the service does not do is no fault of a referral.
  const broken = await between(t, url, (answer, { path }) => {
    return path.endsWith('/keyset/1') ? { status: 500, body: '' } : answer
  })
  const stopped = readerOf(casework, world.clients.casework, 200, broken.url)
  await t.rejects(stopped.rotate({ to: newKid }), { name: 'ServiceProblem' })
  const lied = async (method: string, lie: (body: Record<string, unknown>) => void) => {
    const { url: at, passed } = await between(t, url, (answer, request) => {
      if (request.method !== method || !/\/(wraps|grants)/.test(request.path)) return answer
      const body = JSON.parse(answer.body)
      lie(body)
      return { ...answer, body: JSON.stringify(body) }
    })
    const rotating = readerOf(casework, world.clients.casework, 200, at).rotate({ to: newKid })
    return { rotating, passed }
  }
  const next = '00000000-0000-7000-8000-000000000000'
  const circle = await lied('GET', (body) => Object.assign(body, { referrals: [], next }))
  await t.rejects(circle.rotating, { name: 'BadAnswer', message: /no end/ })
  const silent = await lied('POST', (body) => Object.assign(body, { grants: [] }))
  await t.rejects(silent.rotating, { name: 'BadAnswer', message: /not each grant/ })
  // It was passed on, whatever was answered.
  const { url: at, passed } = await between(t, url, (answer) => answer)
  const again = readerOf(casework, world.clients.casework, 200, at)
  t.match(await again.rotate({ to: newKid }), { given: 0, left: 0 })
  const listed = passed.filter(({ path }) => path.includes('/wraps'))
  t.equal(listed.length, 1, 'where nothing was passed on, it is not looked again')
})

t.test('who stops it has what was begun ended, and no more', async (t) => {
  await Promise.all(Array.from({ length: 51 }, () => refer(built)))
  const signal = AbortSignal.abort()
  const stopped = await old().rotate({ to: newKid, revoke: true, signal })
  t.match(stopped, { given: 50, left: 1, revoked: 0 })
  t.match(await old().rotate({ to: newKid }), { given: 1, left: 0 })
})

t.test('what comes while it runs is passed on as well, each once', async (t) => {
  const referred = await Promise.all(Array.from({ length: 60 }, () => refer(built)))
  const coming: Promise<Awaited<ReturnType<typeof refer>>>[] = []
  const [one, other] = await Promise.all([
    old().rotate({ to: newKid, onProgress: () => void coming.push(refer(built)) }),
    old().rotate({ to: newKid }),
  ])
  const came = await Promise.all(coming)
  t.ok(came.length > 0)
  t.match(await old().rotate({ to: newKid }), { left: 0, failed: [] })
  t.strictSame([one?.failed, other?.failed], [[], []], 'two at once do each other no harm')
  const given = await countsOf('grant.given')
  for (const { referralId } of [...referred, ...came]) t.equal(given.get(referralId), 1)
})

t.test('a referral whose wrap was spoilt is named, and keeps no other', async (t) => {
  const [spoilt, sound] = [await refer(built), await refer(built)]
  const { referralId } = spoilt
  const [kept] = await sql`
    select sealed_keys from wrap where referral_id = ${referralId} and kid = ${oldKid}`
  const spoil = (bytes: Uint8Array) => sql`
    update wrap set sealed_keys = ${bytes} where referral_id = ${referralId} and kid = ${oldKid}`
  await spoil(new Uint8Array(600))
  const rotated = await old().rotate({ to: newKid })
  t.match(rotated, { given: 1, left: 1, failed: [{ referralId, why: 'wrap' }] })
  t.equal(await opens(readerOf(follower, newClient), sound.referralId), '10')
  await spoil(kept?.sealed_keys)
  t.match(await old().rotate({ to: newKid }), { given: 1, left: 0, failed: [] })
})

t.test(
  'what the key that follows was lent, for a while or in part, is passed on whole',
  async (t) => {
    const [lent, part] = [(await refer(built)).referralId, (await refer(built)).referralId]
    await old().grant(lent, { to: newKid, compartments: ['identity'] })
    await old().grant(part, { to: newKid, compartments: ['identity'], until: null })
    t.match(await old().rotate({ to: newKid, revoke: true }), { given: 2, left: 0, failed: [] })
    await sql`update wrap set ends_at = now() where kid = ${newKid} and ends_at is not null`
    const fresh = readerOf(follower, newClient)
    for (const id of [lent, part]) t.equal(await opens(fresh, id), '10')
  },
)

t.test(
  'a key gives up its wraps only where it was passed on, and is no longer named',
  async (t) => {
    const query = (from: string, to: string) => `/v1/referrals/wraps?recipient=${from}&to=${to}`
    const byClinic = await callerOf(world, url, world.clients.clinic)
    const { kid: clinicKid } = clinic.receiving
    t.match((await byClinic('DELETE', query(clinicKid, newKid))).body, { code: 'wrap-needed' })
    const toNobody = (await call('DELETE', query(oldKid, 'A'.repeat(22)))).body
    t.match(toNobody, { code: 'unknown-recipient-key' })
    const ofOther = (await call('DELETE', query(clinicKid, newKid))).body
    t.match(ofOther, { code: 'recipient-not-yours' })

    const { referralId } = await refer(built)
    t.match((await call('DELETE', query(oldKid, newKid))).body, { left: 1 })
    t.equal(await opens(old(), referralId), '10', 'what was not passed on stays')
    const { url: at, passed } = await between(t, url, (answer) => answer)
    const stopping = new AbortController()
    const rotated = await readerOf(casework, world.clients.casework, 200, at).rotate({
      ...{ to: newKid, revoke: true, signal: stopping.signal },
      onProgress: ({ revoked }) => void (revoked > 0 && stopping.abort()),
    })
    t.match(rotated, { given: 1, left: 0, revoked: 1, passed: 0 })
    const deleted = passed.filter(({ method }) => method === 'DELETE')
    t.equal(deleted.length, 1, 'who stops it has no more deleted')
    const fresh = readerOf(follower, newClient)
    for (const one of [...before, { referralId }]) {
      t.equal(await opens(old(), one.referralId), 'not released', 'its service has no wrap for it')
      t.equal(await opens(fresh, one.referralId), '10')
      t.equal((await countsOf('wrap.deleted')).get(one.referralId), 1)
    }
    // What is gone by an act of the log is no fault of what is stored; what is gone without one is.
    t.match(await verifyVault(built.database, () => {}), { wrong: 0, missing: 0 })
    const { receiving, signing } = casework
    const again = {
      ...{ kid: oldKid, label: 'Before', compartments: ['identity' as const] },
      publicKey: encodeBase64url(receiving.publicKey),
      signingKey: encodeBase64url(signing.publicKey),
    }
    await publishGrantees(built, (grantees) => [...grantees, again])
    await readerOf(follower, newClient).grant(referralId, {
      to: oldKid,
      compartments: ['identity'],
    })
    t.equal(await opens(old(), referralId), '1', 'who gave its wrap up may be let in again')
    t.match(await verifyVault(built.database, () => {}), { wrong: 0, missing: 0 })
    const [lost] = await sql`
      delete from wrap where referral_id = ${referralId} and kid = ${clinicKid} returning *`
    const { wrong, first } = await verifyVault(built.database, () => {})
    t.match({ wrong, first }, { wrong: 1, first: { referralId, what: /it is missing/ } })
    await sql`insert into wrap ${sql(lost!)}`
  },
)
