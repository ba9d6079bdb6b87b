/**
 * Goal: whoever sent a referral sees what became of it, misses no change, and nothing that another referral about the
 * person does.
 * Method: one service on a server of its own, for whoever writes in any database of a server holds back what is shown.
 */
import t from 'tap'
import { connect, type Tx } from '../../src/database/connect.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { placeKey, sealPlace } from '../../src/protocol/place.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { type State, states } from '../../src/referral/codes/state.ts'
import { move, renumberShown } from '../../src/vault/service.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { asBearer, receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { partnerOf } from '../helpers/stage.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const built = await build(t, { databaseOf: databaseApart })
const { world, url, database } = built
const { lawFirm, ngo } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const call = {
  lawFirm: await callerOf(world, url, lawFirm.clientId),
  ngo: await callerOf(world, url, ngo.clientId),
  casework: await callerOf(world, url, world.clients.casework),
}
const { kid } = world.recipients.casework.receiving
const system = { kind: 'system', request: newId() } as const
const inTx = <T>(act: (tx: Tx) => Promise<T>) => database.inTransaction(system, act)

const stateOf = async (id: string, by = call.lawFirm) =>
  (await by('GET', `/v1/referrals/${id}/state`)).body
const page = async (since?: string, limit = 500, by = call.lawFirm) => {
  const query = new URLSearchParams({ limit: `${limit}`, ...(since && { changedSince: since }) })
  const { status, body } = await by('GET', `/v1/referrals?${query}`)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body as { referrals: { referralId: string; state: string }[]; next: string }
}
/** The same, once nobody works any more who could hold something back that is committed already. */
const settled = async (...args: Parameters<typeof page>) => {
  const [{ at }] = await sql<[{ at: string }]>`select pg_current_xact_id()::text as at`
  for (let isPast = false; !isPast; ) {
    const [row] = await sql`
      select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > ${at}::bigint as past`
    isPast = row?.past
  }
  return page(...args)
}
const idsOf = ({ referrals }: Awaited<ReturnType<typeof page>>) =>
  referrals.map(({ referralId }) => referralId)

/** Claims the item of a referral. */
async function claim(referralId: string) {
  const asked = { recipient: kid, max: 1, leaseSeconds: 600, referral: referralId }
  const { status, body } = await call.casework('POST', '/v1/triage/claims', asked)
  if (status !== 200) throw new Error(JSON.stringify(body))
  const [{ claimId, fence, itemId = claimId }] = body.claims
  return { claimId, fence, itemId }
}

/** What each state may become, written out: whoever changes the table in the product changes this one too. */
const legal = {
  received: [
    ...['in_triage', 'accepted', 'waiting_list', 'returned_for_information', 'declined'],
    ...['redirected', 'withdrawn', 'erased'],
  ],
  in_triage: [
    ...['accepted', 'waiting_list', 'returned_for_information', 'declined', 'redirected'],
    ...['withdrawn', 'erased'],
  ],
  waiting_list: [
    ...['waiting_list', 'accepted', 'returned_for_information', 'declined', 'redirected'],
    ...['withdrawn', 'erased'],
  ],
  returned_for_information: [
    ...['returned_for_information', 'in_triage', 'accepted', 'waiting_list', 'declined'],
    ...['redirected', 'withdrawn', 'erased'],
  ],
  accepted: ['in_triage', 'closed', 'erased'],
  declined: ['in_triage', 'closed', 'erased'],
  redirected: ['in_triage', 'closed', 'erased'],
  closed: ['erased'],
  withdrawn: ['erased'],
  erased: [],
}

t.test('a state becomes what is written here, and nothing else', async (t) => {
  const { referralId } = await refer(built)
  t.same(Object.keys(legal).sort(), Object.keys(states).sort())
  // What is erased loses more than its state (test/erasure/erasure.test.ts).
  const names = (Object.keys(states) as State[]).filter((state) => state !== 'erased')
  for (const from of names) {
    for (const to of names) {
      await sql`update referral set state = ${from} where id = ${referralId}`
      const moved = await inTx((tx) => move(tx, [referralId], to))
      const expected = (legal[from] as string[]).includes(to)
      t.equal(moved.length === 1, expected, `${from} to ${to}`)
    }
  }
  await sql`update referral set state = 'received' where id = ${referralId}`
})

t.test('its referrer sees when it was answered, and not when it was claimed', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  const first = await stateOf(referralId)
  t.match(first, { referralId, reference: acknowledgement.reference, state: 'received' })
  t.equal(first.changedAt, first.receivedAt)
  const { next } = await settled()

  const { claimId, fence } = await claim(referralId)
  const [row] = await sql`select state from referral where id = ${referralId}`
  t.equal(row?.state, 'in_triage')
  t.strictSame(await stateOf(referralId), first, 'nothing is different after the claim')
  t.strictSame((await settled(next)).referrals, [])

  const declined = { fence, outcome: 'declined', reason: 'no_capacity', referrals: [referralId] }
  t.equal(
    (await call.casework('POST', `/v1/triage/claims/${claimId}/completion`, declined)).status,
    200,
  )
  const answered = await stateOf(referralId)
  t.match(answered, { state: 'declined', declineReason: 'no_capacity' })
  t.ok(answered.changedAt > first.changedAt)
  t.strictSame(await stateOf(acknowledgement.reference), answered, 'by its reference as well')
  const told = await settled(next)
  t.strictSame(told.referrals, [answered])
  t.strictSame((await settled(told.next)).referrals, [], 'and not again')

  t.equal((await call.casework('POST', `/v1/triage/items/${claimId}/reopening`)).status, 204)
  const again = await stateOf(referralId)
  t.equal(again.state, 'received', 'an answer that is taken back')
  t.notOk('declineReason' in again)
})

t.test('nobody else sees it', async (t) => {
  const { referralId } = await refer(built)
  t.equal((await call.ngo('GET', `/v1/referrals/${referralId}/state`)).status, 404)
  t.notOk(idsOf(await settled(undefined, 500, call.ngo)).includes(referralId))
  const { referralId: other } = await refer(built, ngo)
  t.notOk(idsOf(await settled()).includes(other))
  // Its own client works for another organisation, and sees all in the database.
  t.equal((await call.casework('GET', `/v1/referrals/${referralId}/state`)).status, 404)
  t.notOk(idsOf(await settled(undefined, 500, call.casework)).includes(referralId))
})

t.test('the database shows a referrer no moment of a claim', async (t) => {
  const asking = database.inTransaction(partnerOf(lawFirm), (tx) => {
    return tx.sql`select state from referral`
  })
  await t.rejects(asking, { code: '42501' })
})

t.test('why it was declined is not for the friend or relative who referred', async (t) => {
  const { referralId } = await refer(built, lawFirm, { channel: 'family_friend' })
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  await sendPublicly(url, envelope)
  for (const id of [referralId, envelope.header.referralId]) {
    const { claimId, fence } = await claim(id)
    const declined = { fence, outcome: 'declined', reason: 'no_consent', referrals: [id] }
    await call.casework('POST', `/v1/triage/claims/${claimId}/completion`, declined)
  }
  const ofFriend = await stateOf(referralId)
  t.equal(ofFriend.state, 'declined')
  t.notOk('declineReason' in ofFriend)
  const { referrals } = (await asBearer(url, keys)).body
  t.equal(referrals[0].state, 'declined')
  t.notOk('declineReason' in referrals[0])
  t.ok(referrals[0].changedAt > referrals[0].receivedAt)
})

t.test('who has an answer already is told no more than that, and it is in the log', async (t) => {
  const { referralId } = await refer(built)
  const path = `/v1/referrals/${referralId}/state`
  const first = await call.lawFirm('GET', path)
  const tag = first.headers.get('etag') ?? ''
  const count = async () =>
    (await sql`select from audit_entry where action = 'states.read' and object_id = ${referralId}`)
      .length
  const before = await count()
  const same = await call.lawFirm('GET', path, undefined, { 'if-none-match': tag })
  t.equal(same.status, 304)
  t.strictSame(same.body, {})
  t.equal(await count(), before + 1)
  await claim(referralId)
  t.equal((await call.lawFirm('GET', path, undefined, { 'if-none-match': tag })).status, 304)
  await inTx((tx) => move(tx, [referralId], 'waiting_list'))
  const other = await call.lawFirm('GET', path, undefined, { 'if-none-match': tag })
  t.equal(other.status, 200)
  t.equal(other.body.state, 'waiting_list')
})

t.test('parking tells those who are named, and no other of the case', async (t) => {
  const [one, two] = [await refer(built), await refer(built, ngo)]
  await untilPaired(sql)
  const { claimId, fence } = await claim(one.referralId)
  const path = `/v1/triage/claims/${claimId}/parking`
  const parking = { fence, reason: 'returned_for_information', tellReferrersOf: [one.referralId] }
  const others = { ...parking, tellReferrersOf: [two.referralId] }
  t.match((await call.casework('POST', path, others)).body, { code: 'malformed-request' })
  const silent = { ...parking, reason: 'call_back' }
  t.match((await call.casework('POST', path, silent)).body, { code: 'malformed-request' })
  t.equal((await stateOf(one.referralId)).state, 'received', 'what is refused changed nothing')

  t.equal((await call.casework('POST', path, parking)).status, 204)
  t.equal((await call.casework('POST', path, parking)).status, 204, 'safe to repeat')
  t.equal((await stateOf(one.referralId)).state, 'returned_for_information')
  t.equal((await stateOf(two.referralId, call.ngo)).state, 'received')
  const entries = await sql`
    select from audit_entry where action = 'referral.moved' and object_id = ${one.referralId}`
  t.equal(entries.length, 1)

  // It waits for the answer on the queue, and is answered as any other.
  const again = await claim(one.referralId)
  t.equal((await stateOf(one.referralId)).state, 'returned_for_information')
  const listed = { reason: 'waiting_list', tellReferrersOf: [one.acknowledgement.reference] }
  const waiting = await call.casework('POST', path, { fence: again.fence, ...listed })
  t.equal(waiting.status, 204)
  t.equal((await stateOf(one.referralId)).state, 'waiting_list')
  const last = await claim(one.referralId)
  const accepted = { fence: last.fence, outcome: 'accepted', referrals: [one.referralId] }
  await call.casework('POST', `/v1/triage/claims/${claimId}/completion`, accepted)
  t.equal((await stateOf(one.referralId)).state, 'accepted')
})

t.test('what was answered is closed, and what was not is refused', async (t) => {
  const { referralId, acknowledgement } = await refer(built)
  const path = `/v1/referrals/${acknowledgement.reference}/closing?recipient=`
  const close = (by = kid) => call.casework('POST', path + by)
  t.match(await close(), { status: 409, body: { code: 'state-refused' } })
  const { claimId, fence } = await claim(referralId)
  const accepted = { fence, outcome: 'accepted', referrals: [referralId] }
  await call.casework('POST', `/v1/triage/claims/${claimId}/completion`, accepted)
  t.equal((await close()).status, 204)
  t.equal((await close()).status, 204, 'safe to repeat')
  t.equal((await stateOf(referralId)).state, 'closed')
  const elsewhere = world.recipients.clinic.receiving.kid
  t.equal((await close(elsewhere)).status, 403)
})

t.test('a reply comes in the feed, and that it was read to somebody, and an erasure', async (t) => {
  const { replyTo } = replyKeys()
  const one = await refer(built, lawFirm, { replyTo })
  const { referralId } = one
  const path = `/v1/referrals/${referralId}`
  let { next } = await settled()
  const told = async () => {
    const found = await settled(next)
    next = found.next
    return found.referrals
  }
  const signer = world.recipients.casework.signing
  const reply = messageOn(world, one, undefined, { from: 'recipient', signer })
  const as = new URLSearchParams({ recipient: kid, deliver: 'read_aloud', language: 'fra' })
  t.equal((await call.casework('POST', `${path}/messages?${as}`, reply)).status, 201)
  t.match(await told(), [{ referralId, state: 'received', unread: 1 }])
  const read = new URLSearchParams({ recipient: kid, way: 'read_aloud', language: 'fra' })
  const delivery = `${path}/messages/${reply.header.messageId}/delivery?${read}`
  t.equal((await call.casework('POST', delivery)).status, 204)
  t.match(await told(), [{ referralId, state: 'received', unread: 0 }])
  t.equal((await call.casework('POST', delivery)).status, 204)
  t.strictSame(await told(), [], 'said again it is nothing new')
  t.equal((await call.casework('POST', `${path}/erasure`)).status, 200)
  t.match(await told(), [{ referralId, state: 'erased', unread: 0 }])
})

t.test('what commits behind a later one is told with it, and both once', async (t) => {
  const [one, two] = [await refer(built), await refer(built)]
  const { next } = await settled()
  let later: Awaited<ReturnType<typeof page>> | undefined
  await inTx(async (tx) => {
    await move(tx, [one.referralId], 'waiting_list')
    // Begun after the one above, and committed before it.
    await inTx((other) => move(other, [two.referralId], 'waiting_list'))
    later = await page(next)
  })
  t.strictSame(idsOf(later!), [], 'not before the earlier one is known')
  const told = await settled(later!.next)
  t.strictSame(idsOf(told), [one.referralId, two.referralId])
  t.strictSame(idsOf(await settled(told.next)), [])
})

t.test('nothing is missed while 32 commit out of order', async (t) => {
  const writers = 32
  const ids: string[] = []
  for (let number = 0; number < 8; number += 1) ids.push((await refer(built)).referralId)
  const many = connect({ url: built.databases.url, connectionsMax: writers, prepare: true })
  t.teardown(() => many.close())
  const turns = async (most: number) => {
    for (let left = Math.random() * most; left > 0; left -= 1) await new Promise(setImmediate)
  }
  let writing = writers
  async function write(): Promise<void> {
    for (let act = 0; act < 12; act += 1) {
      await many.inTransaction(system, async (tx) => {
        await tx.sql`select pg_current_xact_id()`
        await turns(30)
        const id = ids[Math.floor(Math.random() * ids.length)]!
        // As if by a person: to and fro between the two that may.
        const [moved] = await move(tx, [id], 'waiting_list')
        if (moved === undefined) await move(tx, [id], 'returned_for_information')
        await turns(30)
      })
    }
    writing -= 1
  }
  const seen = new Map<string, string>()
  let { next } = await settled()
  async function read(): Promise<void> {
    for (let isLast = false; ; ) {
      const found = await page(next, 3)
      for (const { referralId, state } of found.referrals) seen.set(referralId, state)
      next = found.next
      if (found.referrals.length === 0 && isLast) return
      isLast = writing === 0
    }
  }
  await Promise.all([...Array.from({ length: writers }, write), read()])
  const rows = await sql<{ id: string; state: string }[]>`
    select id, state from referral where id = any (${ids}::uuid[])`
  t.equal(rows.length, ids.length)
  for (const { id, state } of rows) t.equal(seen.get(id) ?? 'received', state)
})

t.test('page by page it is the same, and a wrong place is refused', async (t) => {
  const whole = idsOf(await settled())
  const found: string[] = []
  for (let next: string | undefined; ; ) {
    const part = await settled(next, 3)
    found.push(...idsOf(part))
    next = part.next
    if (part.referrals.length < 3) break
  }
  t.strictSame(found, whole)
  const ask = async (since: string) =>
    (await call.lawFirm('GET', `/v1/referrals?changedSince=${since}`)).body.code
  t.equal(await ask('bm90IG9uZQ'), 'cursor-outdated')
  const elsewhere = new Uint8Array(32).fill(1)
  t.equal(await ask(encodeBase64url(elsewhere)), 'cursor-outdated')
  const another = sealPlace(placeKey(sealKey), lawFirm.organisationId, elsewhere)
  t.equal(await ask(another), 'cursor-outdated', 'of another database')
  const [ours = ''] = [(await settled()).next]
  t.equal((await call.ngo('GET', `/v1/referrals?changedSince=${ours}`)).status, 410)
})

t.test('a place tells nothing of what others did meanwhile', async (t) => {
  const { next } = await settled()
  const [{ at }] = await sql<[{ at: string }]>`
    select max(shown_by)::text as at from referral where organisation_id = ${lawFirm.organisationId}`
  const bytes = Buffer.from(next!, 'base64url')
  const wide = Buffer.from(BigInt(at).toString(16).padStart(16, '0'), 'hex')
  t.notOk(bytes.includes(at) || bytes.includes(wide), 'nor which transaction it is')
  await refer(built, world.referring.ngo)
  const again = await settled(next)
  t.strictSame(again, { referrals: [], next }, 'it moves with what is the reader’s own')
})

t.test('what came with a backup of another cluster is told, once it is known here', async (t) => {
  const { referralId } = await refer(built)
  const { next } = await settled()
  await sql`update referral set shown_by = 9000000000 where id = ${referralId}`
  // The work in the background may have been faster.
  await inTx((tx) => renumberShown(tx, 100))
  t.strictSame(idsOf(await settled(next)), [referralId])
  t.equal(await inTx((tx) => renumberShown(tx, 100)), 0)
})
