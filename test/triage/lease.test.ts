import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const calls = {
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
}
type Who = keyof typeof calls
t.afterEach(async () => {
  await requireBalanced(sql)
  // What one test leaves on the queue is nobody's work in the next.
  await sql`update triage_item set escalated_at = now() where completed_at is null`
})

async function claims(who: Who, max = 50, leaseSeconds = 60) {
  const recipient = world.recipients[who].receiving.kid
  const body = { recipient, max, leaseSeconds }
  return (await calls[who]('POST', '/v1/triage/claims', body)).body.claims
}

/** A referral, and a claim on it. */
async function claimed(who: Who = 'casework') {
  const { referralId } = await refer(built)
  const [claim] = await claims(who)
  return { ...(claim as { claimId: string; fence: number; leasedUntil: string }), referralId }
}

type Held = { claimId: string; fence: number; referralId?: string }
const verbs = {
  renew: (who: Who, { claimId, fence }: Held) =>
    calls[who]('POST', `/v1/triage/claims/${claimId}/renewal`, { fence, leaseSeconds: 60 }),
  release: (who: Who, { claimId, fence }: Held) =>
    calls[who]('POST', `/v1/triage/claims/${claimId}/release`, { fence }),
  complete: (who: Who, { claimId, fence, referralId }: Held, changes: object = {}) =>
    calls[who]('POST', `/v1/triage/claims/${claimId}/completion`, {
      ...{ fence, outcome: 'accepted', referrals: [referralId] },
      ...changes,
    }),
}

/** The time of the lease is over: the row is aged instead of the clock moved. */
const endLease = ({ claimId }: Held) =>
  sql`update triage_item set leased_until = now() - interval '1 ms' where id = ${claimId}`
const rowOf = async ({ claimId }: Held) =>
  (await sql`select * from triage_item where id = ${claimId}`)[0]!

t.test('a lease that ended is claimable by another, under a higher fence', async (t) => {
  const first = await claimed()
  t.same(await claims('clinic'), [], 'not before')
  await endLease(first)
  const [second] = await claims('clinic')
  t.match(second, { claimId: first.claimId, fence: first.fence + 1 })
  for (const [name, write] of Object.entries(verbs)) {
    const { status, body } = await write('casework', first)
    t.equal(status, 409, `${name} by the first`)
    t.match(body, { code: 'lease-lost', retry: 'after-refresh', stored: false })
  }
  t.match(await rowOf(first), { leased_by: world.clients.clinic, completed_at: null, lapses: 1 })
  const done = await verbs.complete('clinic', second, { referrals: [first.referralId] })
  t.match(done, { status: 200, body: { late: false } })
})

t.test('a claim is nobody else’s, even with its fence in hand', async (t) => {
  const claim = await claimed()
  for (const [name, write] of Object.entries(verbs)) {
    t.equal((await write('clinic', claim)).body.code, 'lease-lost', name)
  }
  const ahead = { ...claim, fence: claim.fence + 1 }
  for (const [name, write] of Object.entries(verbs)) {
    t.equal((await write('casework', ahead)).body.code, 'lease-lost', `${name} by a later fence`)
  }
  t.match(await rowOf(claim), { leased_by: world.clients.casework, fence: String(claim.fence) })
})

t.test('a renewal prolongs the lease from now on, also one that ran out meanwhile', async (t) => {
  const claim = await claimed()
  await endLease(claim)
  const { status, body } = await verbs.renew('casework', claim)
  t.equal(status, 200)
  const left = Date.parse(body.leasedUntil) - Date.now()
  t.ok(left > 55_000 && left <= 60_500)
  t.same(await claims('clinic'), [])
  t.match(await rowOf(claim), { lapses: 0, fence: String(claim.fence) })
  t.equal((await verbs.complete('casework', claim)).body.late, false)
})

t.test('a release puts the item back at its place, and counts no lapse', async (t) => {
  const claim = await claimed()
  const { dueAt } = claim as unknown as { dueAt: string }
  await refer(built)
  t.equal((await verbs.release('casework', claim)).status, 204)
  t.match(await rowOf(claim), { lapses: 0, leased_by: null, leased_until: null })
  const [again] = await claims('clinic', 1)
  t.match(again, { claimId: claim.claimId, dueAt, fence: claim.fence + 2 })
  t.equal((await verbs.release('casework', claim)).body.code, 'lease-lost', 'once only')
})

t.test('a completion that is late counts while nobody else has claimed, and says so', async (t) => {
  const claim = await claimed()
  await endLease(claim)
  const completion = { referrals: [claim.referralId] }
  const first = await verbs.complete('casework', claim, completion)
  t.match(first, { status: 200, body: { outcome: 'accepted', late: true } })
  t.match(await rowOf(claim), { completed_late: true, outcome: 'accepted' })
  const second = await verbs.complete('casework', claim, completion)
  t.strictSame(second.body, first.body, 'a repetition gets the same answer')
  t.same(await claims('clinic'), [], 'and the item is done with')
})

t.test('a completion answers the referrals it lists, once', async (t) => {
  const claim = await claimed()
  const stateOf = async (id: string) =>
    (await sql`select state, decline_reason as reason from referral where id = ${id}`)[0]
  t.match(await stateOf(claim.referralId), { state: 'in_triage', reason: null })
  const { referralId: stranger } = await refer(built)
  const rows: [string, number, object][] = [
    ['a referral of another case', 400, { referrals: [stranger] }],
    ['a report of one of another case', 400, { outcome: 'unopenable', referrals: [stranger] }],
    ['a step beside an answer', 400, { step: 'wrap' }],
    ['a decline without a reason', 400, { outcome: 'declined' }],
    ['a reason without a decline', 400, { reason: 'out_of_remit' }],
    ['an outcome of no list', 400, { outcome: 'forgotten' }],
    ['no referral at all', 400, { referrals: [] }],
    ['a referral twice', 400, { referrals: [claim.referralId, claim.referralId] }],
  ]
  for (const [name, status, changes] of rows) {
    t.equal((await verbs.complete('casework', claim, changes)).status, status, name)
  }
  const untouched = { completed_at: null, escalated_at: null, fence: String(claim.fence) }
  t.match(await rowOf(claim), untouched, 'all undone')
  const reason = (await reasons())[0]!
  const declined = { outcome: 'declined', reason, referrals: [claim.referralId] }
  const first = await verbs.complete('casework', claim, declined)
  t.equal(first.status, 200)
  t.match(await stateOf(claim.referralId), { state: 'declined', reason })
  t.match(await stateOf(stranger), { state: 'received' })
  const answered = await sql`
    select details from audit_entry join audit_opening on entry_id = id
    where action = 'referral.answered' and object_id = ${claim.referralId}`
  t.same(answered[0]?.details, { outcome: 'declined', reason }, 'the log says of it how')
  const other = await verbs.complete('casework', claim, { referrals: [claim.referralId] })
  t.equal(other.body.code, 'lease-lost', 'another outcome for the same claim is no repetition')
  t.match(await stateOf(claim.referralId), { state: 'declined', reason })
})

async function reasons(): Promise<string[]> {
  const { declineReasons } = await import('../../src/referral/codes/state.ts')
  return Object.keys(declineReasons)
}

t.test('after five leases that ran out an item waits for people, not for a sixth', async (t) => {
  let claim = await claimed()
  for (let lapse = 1; lapse < 5; lapse += 1) {
    await endLease(claim)
    const [next] = await claims(lapse % 2 ? 'clinic' : 'casework')
    t.match(next, { claimId: claim.claimId, fence: claim.fence + 1 }, `claim ${lapse + 1}`)
    claim = { ...claim, ...next }
  }
  await endLease(claim)
  t.same(await claims('clinic'), [])
  t.same(await claims('casework'), [])
  const raised = await sql`
    select from audit_entry where action = 'item.escalated' and object_id = ${claim.claimId}`
  t.equal(raised.length, 1, 'which is recorded, once')
  const { body } = await calls.casework('GET', '/v1/triage/items?state=escalated')
  const listed = body.items.find(({ itemId }: { itemId: string }) => itemId === claim.claimId)
  t.match(listed, { lapses: 5, referralIds: [claim.referralId] }, 'and they find it listed')
  t.match(await verbs.complete('casework', claim), { status: 200, body: { late: true } })
})

t.test('nor for a sixth if more leases have expired than one claim escalates', async (t) => {
  const claim = await claimed()
  await sql`update triage_item set lapses = 4 where id = ${claim.claimId}`
  await endLease(claim)
  // Two hundred others are escalated first. No key opens them, so that none is claimed.
  await sql`
    insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency,
                             region, channel, own_due_at, due_at, lapses, leased_by, leased_until, claimed_at)
    select ('00000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid, gen_random_uuid(),
           other, array[other], now(), 'standard', 'unknown', 'internal', now(), now(), 4, item.leased_by, item.leased_until, now()
    from triage_item item,
         (select number, gen_random_uuid() as other from generate_series(1, 200) number) made
    where item.id = ${claim.claimId}`
  t.same(await claims('clinic'), [])
  t.match(await rowOf(claim), { lapses: 4, escalated_at: null, fence: String(claim.fence) })
  await sql`delete from triage_item where id::text like '00000000-%'`
  t.same(await claims('clinic'), [])
  t.ok((await rowOf(claim)).escalated_at, 'and the next claim writes it down')
})

t.test(
  'an item that went to people is claimed by asking for such, and by no other claim',
  async (t) => {
    const first = await claimed()
    const report = { outcome: 'unopenable', step: 'wrap', referrals: [first.referralId] }
    await verbs.complete('casework', first, report)
    t.same(await claims('casework'), [])
    const recipient = world.recipients.casework.receiving.kid
    const body = { recipient, max: 50, leaseSeconds: 60, escalated: true }
    const answer = await calls.casework('POST', '/v1/triage/claims', body)
    const own = answer.body.claims.filter(({ claimId }: Held) => claimId === first.claimId)
    t.equal(own.length, 1)
    const done = await verbs.complete('casework', { ...own[0], referralId: first.referralId })
    t.match(done, { status: 200, body: { late: false } })
  },
)

t.test('the list of items is paged by deadline, and tells waiting from leased', async (t) => {
  const ids = []
  for (let count = 0; count < 5; count += 1) ids.push((await refer(built)).referralId)
  await claims('casework', 1)
  const list = async (query: string) =>
    (await calls.casework('GET', `/v1/triage/items?${query}`)).body
  const leased = await list('state=leased')
  t.same(leased.items[0].referralIds, [ids[0]])
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await list(`state=waiting&limit=2${cursor}`)
    seen.push(...page.items.flatMap(({ referralIds }: { referralIds: string[] }) => referralIds))
    if (!page.next) break
    cursor = `&cursor=${page.next}`
  }
  t.same(seen, ids.slice(1), 'each once, in order')
})

t.test('what would not open goes to people at once, and its report may be repeated', async (t) => {
  const claim = await claimed()
  const report = { outcome: 'unopenable', step: 'wrap', referrals: [claim.referralId] }
  const first = await verbs.complete('casework', claim, report)
  t.match(first, { status: 200, body: { outcome: 'unopenable', late: false } })
  t.match(await rowOf(claim), { completed_at: null, leased_until: null })
  t.ok((await rowOf(claim)).escalated_at)
  t.same(await claims('casework'), [])
  t.same(await claims('clinic'), [])
  const again = await verbs.complete('casework', claim, report)
  t.strictSame(again.body, first.body)
  t.equal((await verbs.complete('casework', claim)).body.code, 'lease-lost')
  for (const fence of [claim.fence, claim.fence + 1]) {
    t.equal((await verbs.renew('casework', { ...claim, fence })).body.code, 'lease-lost')
    t.equal((await verbs.release('casework', { ...claim, fence })).body.code, 'lease-lost')
  }
  t.equal((await verbs.complete('clinic', claim, report)).body.code, 'lease-lost')
  const next = { ...claim, fence: claim.fence + 1 }
  t.equal((await verbs.complete('casework', next)).body.code, 'lease-lost')
})

t.test('a claim asks for no more than the limits allow', async (t) => {
  const recipient = world.recipients.casework.receiving.kid
  const valid = { recipient, max: 1, leaseSeconds: 60 }
  const rows: object[] = [
    { ...valid, max: 0 },
    { ...valid, max: 51 },
    { ...valid, max: '1' },
    { ...valid, leaseSeconds: 29 },
    { ...valid, leaseSeconds: 3601 },
    { ...valid, recipient: undefined },
    { ...valid, everything: true },
    [],
  ]
  for (const body of rows) {
    const { status } = await calls.casework('POST', '/v1/triage/claims', body)
    t.equal(status, 400, JSON.stringify(body))
  }
})

t.test('the reference of a referral names its claim, and itself in a completion', async (t) => {
  const { fence, referralId, claimId } = await claimed()
  const [row] = await sql`select reference from referral where id = ${referralId}`
  const named = { claimId: row?.reference as string, fence }
  t.equal((await verbs.renew('casework', named)).status, 200)
  t.match((await verbs.renew('clinic', named)).body, { code: 'lease-lost' }, 'nobody else’s')
  t.equal((await verbs.release('casework', named)).status, 204)
  const [again] = await claims('casework')
  t.match(again, { claimId })
  const held = { ...named, fence: again.fence }
  const strange = await verbs.complete('casework', held, { referrals: ['00000000'] })
  t.match(strange, { status: 400, body: { code: 'malformed-request' } })
  const done = () => verbs.complete('casework', held, { referrals: [named.claimId] })
  t.match(await done(), { status: 200, body: { outcome: 'accepted', requeued: [] } })
  t.match(await done(), { status: 200, body: { outcome: 'accepted' } }, 'also once it has ended')
  t.match(await sql`select state from referral where id = ${referralId}`, [{ state: 'accepted' }])
  for (const [name, write] of Object.entries(verbs)) {
    const { status, body } = await write('casework', { claimId: '00000000', fence: 1, referralId })
    t.match([status, body.code], [409, 'lease-lost'], name)
  }
})

t.test('a claim that is none is refused like one that was lost', async (t) => {
  const { claimId, fence } = await claimed()
  const rows: [string, number, object][] = [
    ['01a20000-0000-7000-8000-000000000000', 409, { fence }],
    ['not-an-id', 400, { fence }],
    [claimId, 400, { fence: 0 }],
    [claimId, 400, { fence: 2 ** 53 }],
    [claimId, 400, {}],
  ]
  for (const [id, status, body] of rows) {
    const answer = await calls.casework('POST', `/v1/triage/claims/${id}/release`, body)
    t.equal(answer.status, status, `${id} ${JSON.stringify(body)}`)
  }
})
