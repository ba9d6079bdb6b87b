/**
 * Goal: what is parked is nobody's work until its time comes or something comes in, is never lost, never counts as a
 * failure, and costs a claim nothing.
 */
import type postgres from 'postgres'
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { claimable } from '../../src/triage/claim.ts'
import { createSummary, raiseUrgency } from '../../src/triage/service.ts'
import { requireBalanced } from '../helpers/books.ts'
import { receiptKeysOfNobody, sealedByReceipt } from '../helpers/receipt.ts'
import { type Referred, stage, type Worker } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, cases, triage, intake, callers, world, database } = staged
t.afterEach(async () => {
  await requireBalanced(sql)
  // What one test leaves on the queue is nobody's work in the next.
  await sql`
    update triage_item set completed_at = now(), completed_late = false, outcome = 'redirected',
                           park_reason = null, parked_until = null, aside_id = null
    where completed_at is null`
  await sql`update referral set state = 'redirected' where state in ('received', 'in_triage')`
  await sql`delete from unopened`
})

const hour = 3_600_000
const inHours = (hours: number) => new Date(Date.now() + hours * hour).toISOString()
const reason = 'call_back' as const

type Changes = Partial<Parameters<typeof triage.claim>[1]>
async function claims(who: Worker = 'casework', changes: Changes = {}) {
  const recipient = world.recipients[who].receiving.kid
  const request = { recipient, max: 50, leaseSeconds: 600, ...changes }
  return (await triage.claim(callers[who], request)).claims
}

const rowOf = async ({ referralId }: Referred) => {
  const [row] = await sql`
    select i.*, (select array_agg(c.type order by c.position, c.number) from triage_change c
                 where c.item_id = i.id) as types
    from triage_item i where referral_id = ${referralId} and completed_at is null`
  return row!
}
const listed = async (state: 'waiting' | 'leased' | 'escalated' | 'parked', filter = {}) =>
  (await triage.list(callers.clinic, { state, ...filter })).items
const idsOf = (found: { itemId: string }[]) => found.map(({ itemId }) => itemId)
/** Its time has come. */
const timePasses = (id: string) => sql`
  update triage_item set parked_until = now() - interval '1 ms' where id = ${id}`

/** One that casework holds. */
async function held(changes = {}) {
  const referred = await staged.refer(undefined, changes)
  const claim = (await claims()).find(({ referrals }) => {
    return referrals[0]?.referralId === referred.referralId
  })!
  return { referred, ...claim }
}

async function fromNobody(changes = {}): Promise<Referred> {
  const envelope = sealedByReceipt(world, receiptKeysOfNobody(), changes)
  const caller = { kind: 'anonymous', request: newId() } as const
  const { referralId } = envelope.header
  await intake.submitWithoutAccount(caller, referralId, envelope, undefined)
  return { referralId, envelope }
}

/** What a claim that waits would be given. */
const isWaitedFor = () =>
  database.inTransaction(callers.clinic, (tx) => {
    const recipient = world.recipients.clinic.receiving.kid
    return claimable(tx, { recipient })
  })

const codeOf = (act: Promise<unknown>) => act.then(String, ({ code }) => code)

/** Details of the entries about an object, oldest first. */
const entriesOf = async (id: string, action: string) =>
  (
    await sql`
      select details from audit_entry join audit_opening on entry_id = id
      where action = ${action} and object_id = ${id} and outcome = 'permitted' order by at, id`
  ).map(({ details }) => details)

t.test('a holder parks, and the item is back at its place once its time has come', async (t) => {
  const { referred, claimId, fence, dueAt } = await held()
  const until = inHours(2)
  await triage.park(callers.casework, claimId, { fence, reason, until })
  t.same(await claims(), [])
  t.same(await isWaitedFor(), [])
  const [item] = await listed('parked')
  t.match(item, { itemId: claimId, state: 'parked', parkReason: reason, parkedUntil: until })
  t.notOk(item?.holder)
  t.same(await listed('waiting'), [])
  t.match(await rowOf(referred), { lapses: 0, types: ['opened', 'claimed', 'parked'] })
  t.same(await entriesOf(claimId, 'triage.parked'), [{ reason, until }])

  await triage.park(callers.casework, claimId, { fence, reason, until })
  t.match((await entriesOf(claimId, 'triage.parked'))[1], { repeated: true })
  const named = { claimId, fence }
  const referrals = [referred.referralId]
  const stale = [
    () => triage.park(callers.casework, claimId, { fence, reason: 'waiting_list' }),
    () => triage.park(callers.clinic, claimId, { fence, reason, until }),
    () => triage.release(callers.casework, named),
    () => triage.renew(callers.casework, named, 60),
    () => triage.complete(callers.casework, claimId, { fence, outcome: 'accepted', referrals }),
    () => triage.complete(callers.casework, claimId, { fence, outcome: 'unopenable', referrals }),
  ]
  for (const act of stale) t.equal(await codeOf(act()), 'lease-lost')

  await timePasses(claimId)
  t.same(idsOf(await listed('waiting')), [claimId], 'before anybody wrote it down')
  t.same(await listed('parked'), [])
  t.same(await isWaitedFor(), [claimId], 'whoever waits for work is given it')
  const [again] = await claims('clinic')
  t.match(again, { claimId, fence: fence + 2, dueAt })
  t.match(await rowOf(referred), { lapses: 0, park_reason: null })
  t.same((await rowOf(referred)).types.slice(3), ['woken', 'claimed'])
})

t.test('a time that has passed, or that is over a year off, is refused', async (t) => {
  const { claimId, fence } = await held()
  for (const until of [inHours(-1), inHours(24 * 367)]) {
    const parking = { fence, reason, until }
    t.equal(await codeOf(triage.park(callers.casework, claimId, parking)), 'malformed-request')
  }
  await triage.park(callers.casework, claimId, { fence, reason: 'waiting_list' })
  t.notOk((await listed('parked'))[0]?.parkedUntil, 'none is until something wakes it')
})

t.test('parking late counts while nobody claimed the item since, and is no lapse', async (t) => {
  const { referred, claimId, fence } = await held()
  await sql`update triage_item set leased_until = now() - interval '1 ms', lapses = 4 where id = ${claimId}`
  await triage.park(callers.casework, claimId, { fence, reason })
  t.match(await rowOf(referred), { lapses: 4, escalated_at: null })
})

t.test('whatever the case holds anew, or becomes more urgent, wakes it', async (t) => {
  const wakes: Record<string, (parked: Referred) => Promise<unknown>> = {
    'another referral': async (parked) => merge(parked, await staged.refer()),
    'another referral that is parked': async (parked) => {
      const other = await held()
      await triage.park(callers.casework, other.claimId, { fence: other.fence, reason })
      await merge(parked, other.referred)
    },
    'a split': async (parked) => {
      const other = await staged.refer()
      await merge(parked, other)
      const { id, fence } = await rowOf(parked)
      await triage.parkItem(callers.casework, id, { fence: Number(fence), reason })
      const { case_id: caseId } = await rowOf(parked)
      const side = { referrals: [other.referralId] }
      await cases.split(callers.clinic, caseId, { ...side, decision: 'different' })
      t.equal((await rowOf(other)).park_reason, null)
    },
    'a higher urgency': async ({ referralId }) => {
      await sql`
        insert into urgency_statement
        values (${referralId}, 'immediate', 1, '', 'kid', '\\x00', now())`
      await database.inTransaction(callers.casework, (tx) =>
        raiseUrgency(tx, referralId, 'immediate'),
      )
    },
  }
  for (const [name, wake] of Object.entries(wakes)) {
    const { referred, claimId, fence } = await held()
    await triage.park(callers.casework, claimId, { fence, reason, until: inHours(9) })
    await wake(referred)
    const row = await rowOf(referred)
    t.same([row.park_reason, row.parked_until], [null, null], name)
  }
})

async function merge(one: Referred, other: Referred): Promise<void> {
  const [left, right] = [await rowOf(one), await rowOf(other)]
  await cases.merge(callers.clinic, left.case_id, { otherId: right.case_id })
}

t.test('of a parked item and one that is held the holder keeps its claim', async (t) => {
  const parked = await held()
  await triage.park(callers.casework, parked.claimId, { fence: parked.fence, reason })
  const other = await held()
  await merge(parked.referred, other.referred)
  const { claimId, fence } = other
  t.match(await triage.renew(callers.casework, { claimId, fence }, 60), { changed: true })
})

t.test('an escalated item sleeps too, and is escalated again when it wakes', async (t) => {
  const { referred, claimId, fence } = await held()
  const report = { outcome: 'unopenable' as const, referrals: [referred.referralId] }
  await triage.complete(callers.casework, claimId, { fence, ...report })
  await triage.parkItem(callers.clinic, claimId, {
    reason: 'awaiting_documents',
    until: inHours(1),
  })
  t.same(idsOf(await listed('escalated')), [])
  t.equal(
    await codeOf(triage.complete(callers.casework, claimId, { fence, ...report })),
    'lease-lost',
    'a report that was overtaken is not repeated',
  )
  await timePasses(claimId)
  t.same(idsOf(await listed('escalated')), [claimId])
  t.same(await claims(), [])
  t.match(await claims('casework', { escalated: true }), [{ claimId }])
})

t.test('what was reported is no more the last word once its next holder parks it', async (t) => {
  const { referred, claimId, fence, caseId } = await held()
  const report = { outcome: 'unopenable' as const, referrals: [referred.referralId] }
  await triage.complete(callers.casework, claimId, { fence, ...report })
  const [again] = await claims('casework', { caseId })
  const next = { fence: again!.fence, ...report }
  await triage.park(callers.casework, claimId, { fence: again!.fence, reason })
  t.equal(await codeOf(triage.complete(callers.casework, claimId, next)), 'lease-lost')
})

t.test('who rings back is found where the case is asked for, parked or not', async (t) => {
  const { referred, claimId, fence, caseId } = await held()
  await triage.park(callers.casework, claimId, { fence, reason })
  t.match(await claims('casework', { caseId }), [{ claimId, fence: fence + 2 }])
  t.match(await rowOf(referred), { park_reason: null })
})

t.test(
  'a person parks and wakes without a claim, and an old screen overwrites nothing',
  async (t) => {
    const { itemId, fence: seen = -1 } = await staged
      .refer()
      .then(async () => (await listed('waiting'))[0]!)
    t.equal(seen, 0)
    await triage.parkItem(callers.casework, itemId, { fence: seen, reason: 'waiting_list' })
    const stale = { fence: seen, reason }
    t.equal(await codeOf(triage.parkItem(callers.clinic, itemId, stale)), 'item-changed')
    t.equal(await codeOf(triage.wake(callers.clinic, itemId, { fence: seen })), 'item-changed')
    const [parked] = await listed('parked', { parkReason: 'waiting_list' })
    t.match(parked, { itemId, fence: 1 })
    t.same(await listed('parked', { parkReason: 'call_back' }), [])
    await triage.parkItem(callers.clinic, itemId, { fence: 1, reason })
    await triage.wake(callers.clinic, itemId, { fence: 2 })
    await triage.wake(callers.clinic, itemId, {})
    t.same(await entriesOf(itemId, 'triage.woken'), [null, { repeated: true }])
    const [claim] = await claims()
    t.match(claim, { claimId: itemId, fence: 4 })
    t.equal(await codeOf(triage.parkItem(callers.clinic, itemId, { reason })), 'item-held')
    t.equal(await codeOf(triage.parkItem(callers.clinic, newId(), { reason })), 'not-found')
    const stranger = { ...callers.clinic, clientId: world.clients.auditor }
    t.equal(await codeOf(triage.parkItem(stranger, itemId, { reason })), 'not-found')
    t.equal(
      await codeOf(triage.wake(stranger, itemId, {})),
      'not-found',
      'whose keys do not open it has no part in it',
    )
    const note = {} as Parameters<typeof triage.setUrgency>[2]['note']
    const lowering = { urgency: 'standard', note } as const
    t.equal(await codeOf(triage.setUrgency(stranger, itemId, lowering)), 'not-found')
    await sql`update triage_item set leased_until = now() - interval '1 ms', lapses = 4 where id = ${itemId}`
    await triage.parkItem(callers.clinic, itemId, { reason })
    await triage.wake(callers.clinic, itemId, {})
    t.match(await listed('escalated'), [{ itemId, lapses: 5 }], 'the fifth lapse is not slept away')
  },
)

t.test(
  'a burst is set aside by one act, makes room at the public door, and comes back',
  async (t) => {
    const wanted = [await fromNobody(), await fromNobody({ region: 'kent' })]
    const [taken, sent] = [await fromNobody(), await staged.refer()]
    await claims('clinic', { caseId: (await rowOf(taken)).case_id })
    const counted = () => intake.countUnopened(newId())
    t.equal(await counted(), 2)

    const { asideId, items } = await triage.setItemsAside(callers.casework, { until: inHours(48) })
    t.equal(items, 2)
    t.equal(await counted(), 0)
    t.same(await triage.setItemsAside(callers.casework, {}).then((aside) => aside.items), 0)
    const ids = await Promise.all(wanted.map(async (one) => (await rowOf(one)).id))
    t.same(idsOf(await listed('parked', { asideId })).sort(), ids.sort())
    t.match(await listed('parked', { asideId: newId() }), [])
    t.equal((await rowOf(sent)).park_reason, null)
    t.equal((await rowOf(taken)).park_reason, null)
    const [entry] = await entriesOf(asideId, 'triage.parked')
    t.same(entry.items.split(' ').sort(), ids.sort())

    await triage.wake(callers.casework, ids[0]!, {})
    const stranger = { ...callers.clinic, clientId: world.clients.auditor }
    t.match(await triage.setItemsAside(stranger, {}), { items: 0 })
    t.match(await triage.wakeItemsAside(stranger, asideId), { items: 0 })
    t.match(await triage.wakeItemsAside(callers.clinic, asideId), { asideId, items: 1 })
    t.match(await triage.wakeItemsAside(callers.clinic, asideId), { asideId, items: 0 })
    t.equal(await counted(), 2)

    const [kent] = await Promise.all([rowOf(wanted[1]!)])
    const byRegion = await triage.setItemsAside(callers.casework, { regions: ['kent'] })
    t.same(idsOf(await listed('parked', { asideId: byRegion.asideId })), [kent.id])
    const byId = { items: [kent.id, (await rowOf(sent)).id, (await rowOf(wanted[0]!)).id] }
    t.equal((await triage.setItemsAside(callers.casework, byId)).items, 1)
  },
)

t.test('however many are set aside, no entry of it is long', async (t) => {
  const { referralId } = await fromNobody({ region: 'kent' })
  await copies(referralId, 250)
  const { asideId, items } = await triage.setItemsAside(callers.casework, { regions: ['kent'] })
  t.equal(items, 251)
  await triage.wakeItemsAside(callers.casework, asideId)
  for (const action of ['triage.parked', 'triage.woken'] as const) {
    const entries = (await entriesOf(asideId, action)).map((entry) => entry.items.split(' '))
    t.same(entries.map((ids) => ids.length).sort(), [200, 51])
    t.equal(new Set(entries.flat()).size, 251, 'each is named')
  }
  await withoutCopies()
})

/** So many others that look the same to the queue, of referrals that there are not. */
const copies = (referralId: string, count: number) =>
  inPassing((tx) => [
    tx`
      create temporary table copy on commit drop as
      select gen_random_uuid() as id, gen_random_uuid() as of from generate_series(1, ${count})`,
    tx`
      insert into triage_item
      select one.* from triage_item item, copy, jsonb_populate_record(item, jsonb_build_object(
        'id', copy.id, 'referral_id', copy.of, 'case_id', copy.id)) one
      where item.referral_id = ${referralId}`,
    tx`
      insert into wrap
      select copy.of, kid, encapsulated, sealed_keys from wrap, copy where referral_id = ${referralId}`,
  ])

const withoutCopies = () =>
  inPassing((tx) => [
    tx`delete from wrap where not exists (select from referral where id = referral_id)`,
    tx`delete from triage_item where not exists (select from referral where id = referral_id)`,
  ])

/** What no trigger is told of, and no key of another table is asked about. */
const inPassing = (statements: (tx: postgres.TransactionSql) => postgres.PendingQuery<never[]>[]) =>
  sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    for (const statement of statements(tx)) await statement
  })

t.test('parked items are counted as such, and as nothing else', async (t) => {
  const { referred, claimId, fence } = await held({ urgency: 'immediate' })
  await triage.park(callers.casework, claimId, { fence, reason })
  await sql`update triage_item set due_at = now() - interval '1 ms' where id = ${claimId}`
  const counted = () => createSummary(database)(callers.casework)
  const none = { parked: 0, waiting: 0, leased: 0, escalated: 0, overdue: 0 }
  const asleep = await counted()
  t.match(asleep, { ...none, parked: 1, byUrgency: { immediate: { parked: 1 } } })
  t.notOk(asleep.waitingSince)
  await timePasses(claimId)
  t.match(await counted(), { ...none, waiting: 1, overdue: 1 })
  const [{ fence: next } = { fence: 0 }] = await claims()
  const referrals = [referred.referralId]
  await triage.complete(callers.casework, claimId, { fence: next, outcome: 'accepted', referrals })
  t.match(await counted(), none)
})

t.test('a holder hands over to a colleague who opens it, and has lost it itself', async (t) => {
  const { referred, claimId, fence } = await held()
  const to = callers.clinic.clientId
  const handing = { fence, to, leaseSeconds: 60 }
  t.equal(await codeOf(triage.handover(callers.clinic, claimId, handing)), 'lease-lost')
  for (const stranger of [newId(), world.clients.auditor, world.referring.lawFirm.clientId]) {
    const wrong = { ...handing, to: stranger }
    t.equal(await codeOf(triage.handover(callers.casework, claimId, wrong)), 'not-found')
  }
  await triage.handover(callers.casework, claimId, handing)
  t.equal(await codeOf(triage.handover(callers.casework, claimId, handing)), 'lease-lost')
  t.equal(await codeOf(triage.release(callers.casework, { claimId, fence })), 'lease-lost')
  t.same((await triage.listOwn(callers.casework, {})).items, [])
  const [own] = (await triage.listOwn(callers.clinic, {})).items
  t.match(own, { itemId: claimId, fence: fence + 1, lapses: 0 })
  t.same(await entriesOf(claimId, 'triage.handed-over'), [{ to }])
  t.same((await rowOf(referred)).types, ['opened', 'claimed', 'claimed'])
  const referrals = [referred.referralId]
  const end = { fence: fence + 1, outcome: 'accepted' as const, referrals }
  t.match(await triage.complete(callers.clinic, claimId, end), { late: false })

  const again = await held()
  const onHold = { fence: again.fence, to, leaseSeconds: 60 }
  await sql`update client set disabled_at = now() where id = ${to}`
  t.equal(await codeOf(triage.handover(callers.casework, again.claimId, onHold)), 'not-found')
  await sql`update client set disabled_at = null where id = ${to}`
})
