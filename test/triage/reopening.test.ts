/**
 * Goal: whoever sees within a day that a completion was wrong takes it back, and what it answered is on the queue again at
 * its old place; whoever completed it can repeat that no more, and what has been done since stands.
 */
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { raiseUrgency } from '../../src/triage/service.ts'
import { requireBalanced } from '../helpers/books.ts'
import { receiptKeysOfNobody, sealedByReceipt } from '../helpers/receipt.ts'
import { type Referred, stage, type Worker } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, cases, triage, intake, callers, world, database } = staged
t.afterEach(() => requireBalanced(sql))

const clients = [callers.casework, callers.clinic]
const codeOf = (act: Promise<unknown>) => act.then(String, ({ code }) => code)

async function claims(who: Worker = 'casework', changes = {}) {
  const recipient = world.recipients[who].receiving.kid
  const request = { recipient, max: 50, leaseSeconds: 600, ...changes }
  return (await triage.claim(callers[who], request)).claims
}

const rowOf = async ({ referralId }: Referred) => {
  const [row] = await sql`
    select i.*, r.state, r.decline_reason from triage_item i join referral r on r.id = i.referral_id
    where r.id = ${referralId} order by i.completed_at desc nulls first limit 1`
  return row!
}
const caseOf = async (referred: Referred) => (await rowOf(referred)).case_id as string
const typesOf = async (itemId: string) =>
  (
    await sql`select type from triage_change where item_id = ${itemId} order by position, number`
  ).map(({ type }) => type)
const entriesOf = async (id: string, action: string) =>
  (
    await sql`
      select details from audit_entry join audit_opening on entry_id = id
      where action = ${action} and object_id = ${id} and outcome = 'permitted' order by at, id`
  ).map(({ details }) => details)

/** Makes one case of them. */
async function together(one: Referred, ...others: Referred[]): Promise<void> {
  for (const other of others) {
    await cases.merge(callers.clinic, await caseOf(one), { otherId: await caseOf(other) })
  }
}

/** Completed by casework, which answers these of its case. */
async function completed(referred: Referred, answers = [referred]) {
  const [claim] = await claims('casework', { caseId: await caseOf(referred) })
  const { claimId, fence, dueAt } = claim!
  const referrals = answers.map(({ referralId }) => referralId)
  const end = { fence, outcome: 'declined', reason: 'out_of_remit', referrals } as const
  const completion = await triage.complete(callers.casework, claimId, end)
  const repeat = () => codeOf(triage.complete(callers.casework, claimId, end))
  return { claimId, dueAt, repeat, completion }
}

t.test('what was completed is on the queue again, at its old place, and once', async (t) => {
  const referred = await staged.refer(undefined, { urgency: 'urgent' })
  const { claimId, dueAt, repeat } = await completed(referred)
  t.equal(await repeat(), '[object Object]')
  await triage.reopen(callers.casework, claimId)
  const row = await rowOf(referred)
  t.match(row, { state: 'in_triage', decline_reason: null, completed_at: null, lapses: 0 })
  t.equal(row.due_at.toISOString(), dueAt)
  t.same(await typesOf(claimId), ['opened', 'claimed', 'completed', 'reopened'])
  t.same(await typesOf(row.id), ['opened'])
  t.same(await entriesOf(claimId, 'item.reopened'), [{ referrals: 1 }])
  t.equal((await entriesOf(referred.referralId, 'referral.reopened')).length, 1)
  t.equal(await repeat(), 'lease-lost', 'the old fence can complete no more')

  const [again] = await claims()
  t.match(again, { claimId: row.id, fence: 1, dueAt })
  const end = { fence: 1, outcome: 'accepted' as const, referrals: [referred.referralId] }
  await triage.complete(callers.casework, row.id, end)
  await sql`update triage_item set completed_at = completed_at - interval '25 hours' where id = ${claimId}`
  for (const caller of clients) await triage.reopen(caller, claimId)
  t.match((await entriesOf(claimId, 'item.reopened'))[2], { repeated: true })
  t.equal((await rowOf(referred)).state, 'accepted', 'a repetition undoes nothing that came after')
})

t.test('it is over after 24 hours, and for whoever has no part in it', async (t) => {
  const referred = await staged.refer()
  const { claimId, repeat } = await completed(referred)
  const before = (hours: number) => sql`
    update triage_item set completed_at = now() - make_interval(hours => ${hours}, secs => -5)
    where id = ${claimId}`
  const stranger = { ...callers.clinic, clientId: world.clients.auditor }
  t.equal(await codeOf(triage.reopen(stranger, claimId)), 'not-found')
  t.equal(await codeOf(triage.reopen(callers.clinic, newId())), 'not-found')
  const open = await staged.refer()
  t.equal(await codeOf(triage.reopen(callers.clinic, (await rowOf(open)).id)), 'not-found')
  await before(25)
  t.equal(await codeOf(triage.reopen(callers.clinic, claimId)), 'reopening-over')
  t.equal(await repeat(), '[object Object]', 'the completion stands')
  await before(24)
  await triage.reopen(callers.clinic, claimId)
  await completed(open)
  await completed(referred)
})

t.test('only what this completion answered has no answer any more', async (t) => {
  const [one, other, later] = [await staged.refer(), await staged.refer(), await staged.refer()]
  await together(one, other, later)
  const first = await completed(one, [one, other])
  t.same(first.completion.requeued, [later.referralId])
  const second = await completed(later)
  await triage.reopen(callers.clinic, first.claimId)
  t.match(await rowOf(one), { state: 'in_triage', completed_at: null })
  t.match(await rowOf(other), { state: 'in_triage', completed_at: null })
  t.match(await rowOf(later), { state: 'declined' })
  const [claim] = await claims('casework', { caseId: await caseOf(one) })
  t.same(
    claim!.referrals.map(({ answered }) => answered).sort(),
    [false, false, true],
    'one item of both',
  )
  await triage.release(callers.casework, claim!)
  await triage.reopen(callers.clinic, second.claimId)
  const [all] = await claims('casework', { caseId: await caseOf(one) })
  t.same(
    all!.referrals.filter(({ answered }) => answered),
    [],
    'merged into one item',
  )
  const referrals = [one, other, later].map(({ referralId }) => referralId)
  const end = { fence: all!.fence, outcome: 'accepted' as const, referrals }
  await triage.complete(callers.casework, all!.claimId, end)
})

t.test('whoever holds what came to the case since keeps it, and is told', async (t) => {
  const [one, later] = [await staged.refer(), await staged.refer()]
  await together(one, later)
  const { claimId } = await completed(one)
  const [held] = await claims('clinic', { caseId: await caseOf(one) })
  await triage.reopen(callers.casework, claimId)
  const lease = { claimId: held!.claimId, fence: held!.fence }
  t.match(await triage.renew(callers.clinic, lease, 60), { changed: true })
  const end = { fence: lease.fence, outcome: 'accepted' as const, referrals: [later.referralId] }
  t.match(await triage.complete(callers.clinic, lease.claimId, end), {
    requeued: [one.referralId],
  })
  await completed(one)
})

t.test('an answer that is taken back while its case is completed is not lost', async (t) => {
  const [one, later] = [await staged.refer(), await staged.refer()]
  await together(one, later)
  const { claimId } = await completed(one)
  const [held] = await claims('clinic', { caseId: await caseOf(one) })
  const referrals = [one.referralId, later.referralId]
  const end = { fence: held!.fence, outcome: 'accepted' as const, referrals }
  // The completion begins before the answer is taken back, and goes on after it.
  const { locking, unlock } = await lockOf(held!.claimId)
  const reopening = triage.reopen(callers.casework, claimId)
  await waiters(1)
  const completing = triage.complete(callers.clinic, held!.claimId, end)
  await waiters(2)
  unlock()
  await Promise.all([locking, reopening, completing])
  t.match(await rowOf(one), { state: 'in_triage', completed_at: null })
  await completed(one)
})

/** Keeps an item locked until `unlock`. */
async function lockOf(itemId: string) {
  let unlock = () => {}
  const unlocked = new Promise<void>((resolve) => {
    unlock = resolve
  })
  let locking: Promise<unknown> | undefined
  await new Promise<void>((resolve) => {
    locking = sql.begin(async (tx) => {
      await tx`select from triage_item where id = ${itemId} for update`
      resolve()
      await unlocked
    })
  })
  return { locking, unlock }
}

/** Until so many transactions wait for a row or another transaction. */
async function waiters(count: number): Promise<void> {
  for (;;) {
    const [row] = await sql`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    if (row!.waiting >= count) return
  }
}

t.test('after a split each side is reopened for itself', async (t) => {
  const [one, other] = [await staged.refer(), await staged.refer()]
  await together(one, other)
  const { claimId } = await completed(one, [one, other])
  const side = { referrals: [other.referralId], decision: 'different' as const }
  await cases.split(callers.clinic, await caseOf(one), side)
  await triage.reopen(callers.clinic, claimId)
  t.not((await rowOf(one)).case_id, (await rowOf(other)).case_id)
  for (const referred of [one, other]) await completed(referred)
})

t.test('what was with people is with people again', async (t) => {
  const referred = await staged.refer()
  const [claim] = await claims()
  const report = { outcome: 'unopenable' as const, referrals: [referred.referralId] }
  await triage.complete(callers.casework, claim!.claimId, { fence: claim!.fence, ...report })
  const { claimId } = await completed(referred)
  await triage.reopen(callers.clinic, claimId)
  t.same(await claims(), [])
  t.equal((await claims('casework', { escalated: true })).length, 1)
  const { id, fence } = await rowOf(referred)
  await triage.release(callers.casework, { claimId: id, fence: Number(fence) })
  await completed(referred)
})

t.test('what was stated of its urgency since counts', async (t) => {
  const referred = await staged.refer()
  const { claimId } = await completed(referred)
  await sql`
    insert into urgency_statement
    values (${referred.referralId}, 'immediate', 1, '', 'kid', '\\x00', now())`
  await database.inTransaction(callers.casework, (tx) =>
    raiseUrgency(tx, referred.referralId, 'immediate'),
  )
  await triage.reopen(callers.clinic, claimId)
  t.match(await rowOf(referred), { urgency: 'immediate' })
  await completed(referred)
})

t.test('what was answered without being opened waits to be opened again', async (t) => {
  const referred = await staged.refer()
  const [claim] = await claims()
  const envelope = sealedByReceipt(world, receiptKeysOfNobody(), {})
  const { referralId } = envelope.header
  const nobody = { kind: 'anonymous', request: newId() } as const
  await intake.submitWithoutAccount(nobody, referralId, envelope, undefined)
  const counted = () => intake.countUnopened(newId())
  t.equal(await counted(), 1)
  await together(referred, { referralId, envelope })
  const referrals = [referred.referralId, referralId]
  const end = { fence: claim!.fence, outcome: 'accepted' as const, referrals }
  await triage.complete(callers.casework, claim!.claimId, end)
  t.equal(await counted(), 0)
  await triage.reopen(callers.casework, claim!.claimId)
  t.equal(await counted(), 1)
})

t.test('who held an item is kept, from when to when, and how each lease ended', async (t) => {
  const [referred, other] = [await staged.refer(), await staged.refer()]
  const [caseId, otherCase] = [await caseOf(referred), await caseOf(other)]
  const { id: itemId } = await rowOf(referred)
  const claim = async (who: Worker, of = caseId) => (await claims(who, { caseId: of }))[0]!
  const { casework, clinic } = callers
  const referrals = [referred.referralId]
  const kept = async (id = itemId) => (await triage.attempts(clinic, id)).attempts
  const endings = async () => (await kept()).map(({ ending }) => ending)
  t.same(await kept(), [])
  t.equal(await codeOf(triage.attempts(clinic, newId())), 'not-found')

  const first = await claim('casework')
  await sql`update triage_item set claimed_at = claimed_at - interval '1 hour' where id = ${itemId}`
  const { claimed_at: from } = await rowOf(referred)
  await triage.renew(casework, first, 60)
  t.match(await kept(), [{ itemId, clientId: casework.clientId, from: from.toISOString() }])
  t.same(await endings(), [undefined], 'the present one')
  await triage.handover(casework, itemId, { ...first, to: clinic.clientId, leaseSeconds: 60 })
  const [given, taken] = await kept()
  t.match([given, taken], [{ ending: 'handed_over' }, { clientId: clinic.clientId }])
  t.equal(taken!.from, given!.to, 'whoever is handed it holds it from then on')
  await triage.release(clinic, { claimId: itemId, fence: first.fence + 1 })
  await triage.park(casework, itemId, { ...(await claim('casework')), reason: 'call_back' })
  const report = { outcome: 'unopenable', referrals } as const
  await triage.complete(clinic, itemId, { fence: (await claim('clinic')).fence, ...report })
  await claim('casework')
  await sql`update triage_item set leased_until = now() - interval '1 ms' where id = ${itemId}`
  const { leased_until: until } = await rowOf(referred)
  t.match((await kept()).at(-1), { ending: 'lapsed', to: until.toISOString() }, 'by the clock')
  const last = await claim('clinic')
  t.match((await kept()).at(-2), { ending: 'lapsed', to: until.toISOString() })
  const [{ attempts } = { attempts: 0 }] = (await triage.listOwn(clinic, {})).items
  t.equal(attempts, 6)
  const lost = await claim('casework', otherCase)
  await together(referred, other)
  await triage.complete(clinic, itemId, { fence: last.fence, outcome: 'accepted', referrals })
  const said = ['handed_over', 'released', 'parked', 'unopenable', 'lapsed', 'completed', 'merged']
  t.same((await endings()).sort(), said.sort())
  t.equal((await kept()).find(({ ending }) => ending === 'merged')?.itemId, lost.claimId)
  t.same(await kept(lost.claimId), await kept(), 'of the whole case')
  t.same((await entriesOf(itemId, 'triage.traced')).at(-1), { attempts: 7 })
})
