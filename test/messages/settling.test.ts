/**
 * Goal: what a referrer writes reaches the queue within a second: it moves the item up and never down, tells who holds it,
 * wakes what is parked, and is not lost where the work has ended.
 * Method: over HTTP, with the work in the background at its own pace.
 */
import t from 'tap'
import { createSettling } from '../../src/messages/service.ts'
import type { MessageInput } from '../../src/protocol/messages/message.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn } from '../helpers/message.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const partner = await callerOf(world, url, lawFirm.clientId)
const casework = await callerOf(world, url, world.clients.casework)
const { kid } = world.recipients.casework.receiving

type Referred = Awaited<ReturnType<typeof refer>>

async function itemOf(referralId: string) {
  const [row] = await sql`
    select urgency, due_at, changed, park_reason, fence::int from triage_item
    where referral_id = ${referralId} and completed_at is null`
  return row
}

/** Writes, and waits until the queue was told. @returns how long that took, in milliseconds */
async function write(one: Referred, changes: Partial<MessageInput> = {}): Promise<number> {
  const { referralId } = one
  const [last] = await sql`
    select convert_from(envelope, 'UTF8')::json as envelope from message
    where referral_id = ${referralId} order by place desc limit 1`
  const message = messageOn(world, one, last?.envelope, changes)
  const path = `/v1/referrals/${referralId}/messages`
  const answer = await partner('POST', path, message)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  const begun = performance.now()
  for (;;) {
    const [row] = await sql`
      select settled_at is not null as done from message
      where message_id = ${message.header.messageId}`
    if (row?.done) return performance.now() - begun
    if (performance.now() - begun > 20_000) throw new Error('the queue was not told')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function claim(referralId: string) {
  const asked = { recipient: kid, max: 1, leaseSeconds: 600, referral: referralId }
  const { body } = await casework('POST', '/v1/triage/claims', asked)
  return body.claims[0] as { claimId: string; fence: number; referrals: { unread: number }[] }
}

t.test('it raises and never lowers, also what somebody holds, within a second', async (t) => {
  const one = await refer(built)
  const { referralId } = one
  await untilPaired(sql)
  const { claimId, fence } = await claim(referralId)
  const before = await itemOf(referralId)
  t.equal(before?.urgency, 'standard')
  t.ok((await write(one, { urgency: 'immediate' })) < 1_000)
  const raised = await itemOf(referralId)
  t.equal(raised?.urgency, 'immediate')
  t.ok(raised?.due_at < before?.due_at)
  await write(one, { urgency: 'soon' })
  t.equal((await itemOf(referralId))?.urgency, 'immediate')

  const path = `/v1/triage/claims/${claimId}/renewal`
  const renewed = await casework('POST', path, { fence, leaseSeconds: 600 })
  t.match(renewed, { status: 200, body: { changed: true, urgency: 'immediate' } })
})

t.test(
  'its holder is told of one that raises nothing, and whoever claims sees that it waits',
  async (t) => {
    const one = await refer(built)
    const { referralId } = one
    await untilPaired(sql)
    const held = await claim(referralId)
    t.equal(held.referrals[0]?.unread, 0)
    await write(one)
    t.equal((await itemOf(referralId))?.changed, true)
    await casework('POST', `/v1/triage/claims/${held.claimId}/release`, { fence: held.fence })
    const [waiting] = (await claim(referralId)).referrals
    t.equal(waiting?.unread, 1)
    const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
    const { body } = await casework('GET', `/v1/cases/${row?.case_id}`)
    t.equal(body.referrals[0].unread, 1)
  },
)

t.test('what is parked wakes, and a question that was answered is looked at again', async (t) => {
  const one = await refer(built)
  const { referralId } = one
  await untilPaired(sql)
  const { claimId, fence } = await claim(referralId)
  const reason = 'returned_for_information'
  const parking = { fence, reason, tellReferrersOf: [referralId] }
  await casework('POST', `/v1/triage/claims/${claimId}/parking`, parking)
  t.equal((await itemOf(referralId))?.park_reason, reason)
  await write(one)
  t.equal((await itemOf(referralId))?.park_reason, null)
  const [row] = await sql`select state from referral where id = ${referralId}`
  t.equal(row?.state, 'in_triage')
  const changes =
    await sql`select type from triage_change where item_id = ${claimId} order by number`
  t.equal(changes.at(-1)?.type, 'woken')
})

t.test('where the work has ended, people are to look', async (t) => {
  const one = await refer(built)
  const { referralId } = one
  await untilPaired(sql)
  const { claimId, fence } = await claim(referralId)
  const accepted = { fence, outcome: 'accepted', referrals: [referralId] }
  await casework('POST', `/v1/triage/claims/${claimId}/completion`, accepted)
  await write(one, { urgency: 'urgent' })
  t.equal(await itemOf(referralId), undefined, 'the answer stands')
  const { body } = await casework('GET', '/v1/cases/reviews')
  t.match(
    body.reviews.filter(({ kind }: { kind: string }) => kind === 'message'),
    [{ kind: 'message' }],
  )
  t.equal((await casework('POST', `/v1/triage/items/${claimId}/reopening`)).status, 204)
  t.equal((await itemOf(referralId))?.urgency, 'urgent', 'and what was said then counts')
})

t.test('each is one entry, whatever it did', async (t) => {
  const one = await refer(built)
  await write(one)
  await write(one, { urgency: 'immediate' })
  const entries = await sql`
    select from audit_entry where object_id = ${one.referralId} and action = 'message.settled'`
  t.equal(entries.length, 2)
})

t.test('replicas tell the queue once, and with nothing to tell wait for nobody', async (t) => {
  const one = await refer(built)
  await untilPaired(sql)
  const replicas = [1, 2, 3].map(() => createSettling(built.database))
  const run = () => Promise.all(replicas.map((replica) => replica.run()))
  const { written, done } = await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtext('referral-intake settling messages'))`
    t.same(await run(), [false, false, false])
    const written = write(one)
    const isTrue = async (one: Promise<readonly unknown[]>) => (await one).length > 0
    while (!(await isTrue(sql`select from message where settled_at is null`))) {}
    const done = run()
    while (
      !(await isTrue(sql`
        select from pg_locks where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())
        having count(*) >= 3`))
    ) {}
    return { written, done }
  })
  // Also the replica of this service is at it.
  t.ok((await done).filter((isMore) => isMore).length <= 1)
  await written
  const entries = await sql`
    select from audit_entry where object_id = ${one.referralId} and action = 'message.settled'`
  t.equal(entries.length, 1)
})
