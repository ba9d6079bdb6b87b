/**
 * Goal: a person sets the urgency of an item up and down, with a sealed note; it moves within a second, also while
 * somebody holds it, and its holder is told; an old screen overwrites nothing, and only a person lowers.
 * Method: over HTTP, with notes sealed as a client seals them, the clock of the database, and due times by a second
 * implementation; once with random words about a case of two, beside the naive rule.
 */
import fc from 'fast-check'
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { dueMs } from '../helpers/due.ts'
import { noteOn } from '../helpers/note.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { seedOf } from '../helpers/seed.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const call = await callerOf(world, url, world.clients.casework)
const recipient = world.recipients.casework.receiving.kid
t.afterEach(() => requireBalanced(sql))

const order: Urgency[] = ['immediate', 'urgent', 'soon', 'standard']

/** A referral, its item, and the notes about it as this test wrote them. */
async function waiting(urgency: Urgency, rest: object = {}) {
  const referred = await refer(built, undefined, { urgency, ...rest })
  const { referralId, acknowledgement } = referred
  const [row] = await sql`select id from triage_item where referral_id = ${referralId}`
  let last: MessageEnvelope | undefined
  /** Says it with the next note, or with the one given. */
  async function set(urgency: Urgency, more: object = {}) {
    const note = noteOn(world, referred, last, { content: { text: 'The removal was cancelled.' } })
    const answer = await call('POST', `/v1/triage/items/${row?.id}/urgency`, {
      urgency,
      note,
      ...more,
    })
    if (answer.status === 200 && !('note' in more)) last = note
    return { ...answer, note }
  }
  const at = Date.parse(acknowledgement.receivedAt)
  const due = (urgency: Urgency) => dueMs({ at, urgency })
  return { ...referred, itemId: row?.id as string, at, due, set }
}

const claim = async (referral: string) => {
  const body = { recipient, max: 1, leaseSeconds: 600, referral }
  return (await call('POST', '/v1/triage/claims', body)).body.claims[0]
}
const renew = (claimId: string, fence: number) =>
  call('POST', `/v1/triage/claims/${claimId}/renewal`, { fence, leaseSeconds: 600 })

const changesOf = async (itemId: string) =>
  (
    await sql`
    select type from triage_change where item_id = ${itemId} order by position, number`
  ).map(({ type }) => type)

t.test('it goes up and down, with its place, a change and an entry that names both', async (t) => {
  const on = await waiting('soon')
  const raised = await on.set('immediate')
  t.equal(raised.status, 200)
  t.match(raised.body, { itemId: on.itemId, urgency: 'immediate', state: 'waiting' })
  t.equal(Date.parse(raised.body.dueAt), on.due('immediate'))
  const lowered = await on.set('standard')
  t.match(lowered.body, { urgency: 'standard' })
  t.equal(Date.parse(lowered.body.dueAt), on.due('standard'), 'counted anew from its arrival')
  t.same(await changesOf(on.itemId), ['opened', 'raised', 'lowered'])
  const said = await sql`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'urgency.set' and e.object_id = ${on.itemId} order by e.at`
  t.same(
    said.map(({ details }) => details),
    [
      { from: 'soon', to: 'immediate', referrals: 1 },
      { from: 'immediate', to: 'standard', referrals: 1 },
    ],
  )
  const header = await sql`
    select convert_from(header, 'UTF8')::jsonb ->> 'urgency' as sealed from referral
    where id = ${on.referralId}`
  t.equal(header[0]?.sealed, 'soon', 'what was signed stays')
})

t.test('a holder keeps the item, and is told with the next renewal', async (t) => {
  const on = await waiting('urgent')
  const { claimId, fence } = await claim(on.referralId)
  t.match((await renew(claimId, fence)).body, { changed: false })
  t.match((await on.set('immediate')).body, { state: 'leased', urgency: 'immediate' })
  t.match((await renew(claimId, fence)).body, { changed: true }, 'the fence is what it was')
  await call('POST', `/v1/triage/claims/${claimId}/release`, { fence })
  t.match(await claim(on.referralId), { urgency: 'immediate', fence: fence + 2 })
})

t.test('an old screen overwrites nothing, and a note is good once', async (t) => {
  const on = await waiting('soon')
  const { claimId, fence } = await claim(on.referralId)
  await call('POST', `/v1/triage/claims/${claimId}/release`, { fence })
  t.match((await on.set('urgent', { fence: 0 })).body, { code: 'item-changed' })
  t.match((await on.set('urgent', { from: 'standard' })).body, { code: 'item-changed' })
  t.equal((await on.set('urgent', { fence: fence + 1, from: 'soon' })).status, 200)
  const { note } = await on.set('standard')
  await on.set('immediate')
  const again = await on.set('standard', { note })
  t.equal(again.status, 200, 'what was lost on the way is sent again')
  t.match(again.body, { urgency: 'immediate' }, 'and overwrites nothing that came after it')
  t.match((await on.set('soon', { note })).body, { code: 'note-not-next' })
  const other = await waiting('soon')
  t.match((await on.set('urgent', { note: noteOn(world, other) })).body, {
    code: 'malformed-request',
  })
  const bare = await call('POST', `/v1/triage/items/${on.itemId}/urgency`, { urgency: 'soon' })
  t.equal(bare.body.code, 'malformed-request', 'without a reason it is refused')
  t.same(await changesOf(other.itemId), ['opened'])
})

t.test('what is parked wakes when it is raised, and not when it is lowered', async (t) => {
  const on = await waiting('soon')
  const park = () =>
    call('POST', `/v1/triage/items/${on.itemId}/parking`, { reason: 'waiting_list' })
  await park()
  t.match((await on.set('standard')).body, { state: 'parked', urgency: 'standard' })
  t.match((await on.set('immediate')).body, { state: 'waiting', urgency: 'immediate' })
})

t.test('a work that has ended, and an item of nobody, are not found', async (t) => {
  const on = await waiting('soon')
  const { claimId, fence } = await claim(on.referralId)
  const accepted = { fence, outcome: 'accepted', referrals: [on.referralId] }
  await call('POST', `/v1/triage/claims/${claimId}/completion`, accepted)
  t.match((await on.set('urgent')).body, { code: 'not-found' })
})

t.test(
  'a referral that amends one that is held moves its item within a second, and its holder is told',
  async (t) => {
    const on = await waiting('standard')
    const { claimId, fence } = await claim(on.referralId)
    const amending = await refer(built, undefined, {
      urgency: 'immediate',
      supersedes: on.referralId,
    })
    const at = Date.parse(amending.acknowledgement.receivedAt)
    await untilPaired(sql)
    t.match((await renew(claimId, fence)).body, { changed: true })
    const { items } = (await call('GET', `/v1/triage/items?state=leased&referral=${on.referralId}`))
      .body
    t.match(items, [{ itemId: claimId, urgency: 'immediate' }])
    t.equal(Date.parse(items[0].dueAt), dueMs({ at, urgency: 'immediate' }))
    const [raised] = await sql`
    select at from triage_change where item_id = ${claimId} and type = 'raised'`
    const tookMs = raised?.at.getTime() - at
    t.ok(tookMs >= 0 && tookMs <= 1_000, `${tookMs} ms after it was stored`)
  },
)

t.test(
  'of a case of two, whatever is said, the item is what was said last, and due when the rule says',
  async (t) => {
    const one = await waiting('standard')
    const two = await waiting('immediate', { supersedes: one.referralId })
    await untilPaired(sql)
    const [head] = await sql`
    select item.id, item.referral_id from triage_item item
    where item.merged_into is null and item.referral_id in (${one.referralId}, ${two.referralId})`
    const on = head?.referral_id === one.referralId ? one : two
    const own = new Map<typeof one, Urgency>([
      [one, 'standard'],
      [two, 'immediate'],
    ])
    const rank = (urgency: Urgency) => order.indexOf(urgency)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...order), async (said) => {
        const before = Math.min(...[...own.values()].map(rank))
        for (const [each, urgency] of own) {
          if (rank(said) < before || rank(urgency) < rank(said)) own.set(each, said)
        }
        const { body } = await on.set(said)
        const due = Math.min(...[...own].map(([each, urgency]) => each.due(urgency)))
        if (body.urgency !== said || Date.parse(body.dueAt) !== due) {
          throw new Error(
            `${body.urgency} ${body.dueAt}, and not ${said} ${new Date(due).toISOString()}`,
          )
        }
      }),
      { seed: seedOf(t), numRuns: 25 },
    )
  },
)

t.test('the SDK seals why behind the notes there are, and says how the item stands', async (t) => {
  const { referralId, itemId } = await waiting('soon')
  const reader = createReader({
    ...{ url, trust: world.trust, recipient: world.recipients.casework },
    token: () => world.token(world.clients.casework),
  })
  const about = await reader.open(await reader.fetch(referralId))
  if (!about.opened) throw new Error('it opens')
  const text = 'Rang: the flight is tomorrow.'
  const item = await reader.setUrgency(
    { itemId, fence: 0 },
    { urgency: 'immediate' },
    { about, text },
  )
  t.match(item, { itemId, urgency: 'immediate' })
  const { notes } = await reader.readNotes(about)
  t.match(notes, [{ number: 1, content: { text } }])
  const stale = reader.setUrgency({ itemId }, { urgency: 'soon', from: 'urgent' }, { about, text })
  await t.rejects(stale, /item-changed|changed since you read it/)
  t.equal((await reader.readNotes(about)).notes.length, 1, 'nothing of it was kept')
})
